import * as z from 'zod';
import { EVENTS } from './core/notifications.ts';
import { WEEKDAYS } from './core/policy.ts';
import { Text, WEEKLY } from './core/policy-schema.ts';

/** What can be said of every notifier and of every hook in keyturn.yaml, whatever its kind. */

const Quiet = z
  .strictObject({
    days: WEEKLY.days.default([...WEEKDAYS]).meta({ description: 'Weekdays on which it begins.' }),
    from: WEEKLY.from.meta({ description: 'Nothing is told from this time on.', examples: ['22:00'] }),
    to: WEEKLY.to.meta({ description: 'Until this time, of the next day where it is earlier.', examples: ['07:00'] }),
    timeZone: WEEKLY.timeZone,
  })
  .meta({ description: 'When to be silent; what came up is told afterwards. A compromised key is told at any hour.' });

export const Listening = z.strictObject({
  on: z
    .array(z.enum(EVENTS))
    .min(1)
    .default([...EVENTS])
    .meta({ description: 'What is told; a compromised key always is.' }),
  owners: z.array(Text).min(1).optional().meta({ description: 'Only keys of these owners, compromised ones aside.' }),
  quiet: Quiet.optional(),
  digest: z.boolean().default(false).meta({ description: 'One message for everything that a pass has to tell.' }),
});
export type Listening = z.output<typeof Listening>;

export const Concern = z.strictObject({
  keys: z.array(Text).min(1).optional().meta({ description: 'Only after these keys, named account/name.' }),
  applications: z.array(Text).min(1).optional().meta({ description: 'Only after keys of these applications.' }),
});
export type Concern = z.output<typeof Concern>;
