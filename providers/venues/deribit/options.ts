import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { hostOptions } from '../host.ts';
import { ManagingKey } from '../managing-key.ts';

export const DeribitOptions = z.extend(hostOptions('https://www.deribit.com'), {
  managing: about(
    z.optional(z.record(z.string(), ManagingKey)),
    'For each account, by its name in policies, a key of it that may manage the others; without, people register and delete',
  ),
});
export type DeribitOptions = z.infer<typeof DeribitOptions>;
