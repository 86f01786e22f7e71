import * as z from 'zod/mini';
import { about } from './core/about.ts';
import { EVENTS } from './core/notifications.ts';
import { WEEKDAYS } from './core/policy.ts';
import { Text, WEEKLY } from './core/policy-schema.ts';

/** What can be said of every notifier and of every hook in keyturn.yaml, whatever its kind. */

const Quiet = about(
  z.strictObject({
    days: about(z._default(WEEKLY.days, [...WEEKDAYS]), 'Weekdays on which it begins.'),
    from: about(WEEKLY.from, { description: 'Nothing is told from this time on.', examples: ['22:00'] }),
    to: about(WEEKLY.to, { description: 'Until this time, of the next day where it is earlier.', examples: ['07:00'] }),
    timeZone: WEEKLY.timeZone,
  }),
  'When to be silent; what came up is told afterwards. A compromised key is told at any hour.',
);

export const Listening = z.strictObject({
  on: about(
    z._default(z.array(z.enum(EVENTS)).check(z.minLength(1)), [...EVENTS]),
    'What is told; a compromised key always is.',
  ),
  owners: about(z.optional(z.array(Text).check(z.minLength(1))), 'Only keys of these owners, compromised ones aside.'),
  quiet: z.optional(Quiet),
  digest: about(z._default(z.boolean(), false), 'One message for everything that a pass has to tell.'),
});
export type Listening = z.output<typeof Listening>;

export const Concern = z.strictObject({
  keys: about(z.optional(z.array(Text).check(z.minLength(1))), 'Only after these keys, named account/name.'),
  applications: about(z.optional(z.array(Text).check(z.minLength(1))), 'Only after keys of these applications.'),
});
export type Concern = z.output<typeof Concern>;
