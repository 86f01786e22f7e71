import type { z } from 'zod';
import { SecretReference } from '../../../src/secret-reference.ts';
import { hostOptions } from '../host.ts';

export const BitgetOptions = hostOptions('https://api.bitget.com').extend({
  accessPassphrase: SecretReference.default({ env: 'BITGET_ACCESS_PASSPHRASE' }).describe(
    'The passphrase people enter for every key they create, and every request carries',
  ),
});
export type BitgetOptions = z.infer<typeof BitgetOptions>;
