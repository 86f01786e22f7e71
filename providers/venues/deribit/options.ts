import { z } from 'zod';
import { hostOptions } from '../host.ts';
import { ManagingKey } from '../managing-key.ts';

export const DeribitOptions = hostOptions('https://www.deribit.com').extend({
  managing: z
    .record(z.string(), ManagingKey)
    .optional()
    .describe(
      'For each account, by its name in policies, a key of it that may manage the others; without, people register and delete',
    ),
});
export type DeribitOptions = z.infer<typeof DeribitOptions>;
