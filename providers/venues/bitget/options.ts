import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { SecretReference } from '../../../src/secret-reference.ts';
import { hostOptions } from '../host.ts';

export const BitgetOptions = z.extend(hostOptions('https://api.bitget.com'), {
  accessPassphrase: about(
    z._default(SecretReference, { env: 'BITGET_ACCESS_PASSPHRASE' }),
    'The passphrase people enter for every key they create, and every request carries',
  ),
});
export type BitgetOptions = z.infer<typeof BitgetOptions>;
