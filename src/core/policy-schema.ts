import * as z from 'zod';
import { DURATION, parseDuration } from './duration.ts';
import { ALGORITHMS, type Key, PERMISSIONS, PURPOSES, type Schedule, WEEKDAYS } from './policy.ts';
import { isTimeZone } from './schedule.ts';

/**
 * A policy file as people write it. One schema feeds types, validation, the JSON Schema for editors and the help texts:
 * messages say what a value must be, descriptions what it is for, examples what to write.
 */

const NAME = /^(?!.*\.\.)[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?$/;
const TIME = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/;
const TIME_OR_END = /^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/;

export const Name = z
  .string()
  .regex(NAME, {
    error:
      'must be 1 to 80 lower-case letters, digits, dots, dashes or underscores, with a letter or digit at both ends and no two dots in a row',
    abort: true,
  })
  .meta({ id: 'Name' });

/** One line, printable, so that it cannot steer the terminal it is shown on. */
const TEXT = /^[!-~\u00a1-\uffff](?:[ -~\u00a0-\uffff]{0,498}[!-~\u00a1-\uffff])?$/;

export const Text = z
  .string()
  .regex(TEXT, { error: 'must be one line of text, not empty, without space at its ends, at most 500 characters' })
  .meta({ id: 'Text' });

const Duration = z
  .string()
  .regex(DURATION, { error: 'must be a whole number followed by s, m, h, d or w', abort: true })
  .meta({ id: 'Duration', examples: ['5d', '36h', '90m'] });

/** A duration, as a number of seconds once it is read. */
export const Seconds = Duration.transform((text) => parseDuration(text) ?? 0);

const Days = z
  .string()
  .regex(/^(?:[3-8][0-9]|90)d$/, { error: 'must be whole days from 30d to 90d, written in d' })
  .meta({ id: 'Days', examples: ['30d', '90d'] });

const CalendarDate = z.iso
  .date({ error: 'must be a day of the calendar, written YYYY-MM-DD' })
  .meta({ id: 'Date', examples: ['2026-12-24'] });

const Permission = z.enum(PERMISSIONS).meta({ id: 'Permission' });

export const TimeZone = z
  .string()
  .refine(isTimeZone, { error: 'must be a time zone of the IANA database' })
  .meta({ description: 'IANA time zone whose clocks count', examples: ['Europe/London', 'UTC'] });

/** Times of a week. */
export const WEEKLY = {
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1)
    .describe('Weekdays on which it opens')
    .meta({ examples: [['mon', 'tue', 'wed', 'thu']] }),
  from: z
    .string()
    .regex(TIME, { error: 'must be a time from 00:00 to 23:59' })
    .meta({ description: 'Opens at this time', examples: ['09:00'] }),
  to: z
    .string()
    .regex(TIME_OR_END, { error: 'must be a time from 00:00 to 24:00' })
    .meta({ description: 'Closes at this time; 24:00 is the end of the day', examples: ['16:00'] }),
  timeZone: TimeZone,
};

const Window = z
  .strictObject(WEEKLY)
  .refine(({ from, to }) => from < to || !TIME.test(from) || !TIME_OR_END.test(to), {
    path: ['to'],
    error:
      'must be later than from; a window over midnight is written as two: one up to 24:00, one from 00:00 on the next day',
  })
  .meta({ id: 'Window', description: 'When keyturn may generate, ask people and promote' });

const Freeze = z
  .strictObject({
    from: CalendarDate.describe('First day, in UTC'),
    to: CalendarDate.describe('Last day, in UTC, included'),
    reason: Text.meta({ description: 'Why nothing is turned over', examples: ['year end'] }),
  })
  .refine(({ from, to }) => from <= to, { path: ['to'], error: 'must not be before from' })
  .meta({ id: 'Freeze', description: 'Days on which nothing is generated, asked for or promoted' });

/** What holds where neither a key nor `defaults` says otherwise. */
export const BUILT_IN: BuiltIn = {
  store: 'local',
  algorithm: 'rsa-2048',
  ipAllowlist: [],
  passphrase: 'required',
  schedule: {
    lead: '5d',
    registerWithin: '3d',
    overlap: '24h',
    revokeWithin: '48h',
    windows: [],
    freezes: [],
    onMissedWindow: 'act',
  },
};

interface BuiltIn extends Pick<Key, 'store' | 'algorithm' | 'ipAllowlist' | 'passphrase'> {
  schedule: { [F in keyof Schedule]: Schedule[F] extends number ? string : Schedule[F] };
}

const timing = BUILT_IN.schedule;

const optional = <S extends z.ZodType>(schema: S, builtIn: unknown, description: string) =>
  schema.meta({ description, default: builtIn }).optional();

export const Timing = z
  .strictObject({
    lead: optional(
      Duration,
      timing.lead,
      'Start this long before due, so that people have time; shorter than rotateEvery',
    ),
    registerWithin: optional(Duration, timing.registerWithin, 'A task older than this is overdue'),
    overlap: optional(Duration, timing.overlap, 'How long both keys live while consumers move over'),
    revokeWithin: optional(
      Duration,
      timing.revokeWithin,
      'How long after the overlap the previous key may take to die',
    ),
    windows: optional(z.array(Window), timing.windows, 'Weekly times to act in; none means always'),
    freezes: optional(z.array(Freeze), timing.freezes, 'Days to hold still'),
    onMissedWindow: optional(
      z.enum(['act', 'wait']),
      timing.onMissedWindow,
      'When no window opens between due minus lead and due: act at due, or wait for the next window',
    ),
  })
  .meta({
    id: 'Schedule',
    description: 'How a rotation is timed; a key that writes only some of these fields inherits the others',
  });
export type Timing = z.infer<typeof Timing>;

const settings = {
  algorithm: optional(
    z.enum(ALGORITHMS),
    BUILT_IN.algorithm,
    'Kind and size of the key pair; the venue must accept it',
  ),
  ipAllowlist: optional(
    z
      .array(z.string())
      .max(1000)
      .meta({ examples: [['203.0.113.7', '198.51.100.0/28']] }),
    BUILT_IN.ipAllowlist,
    'Addresses and networks the key works from; empty means any',
  ),
  passphrase: optional(
    z.union([
      z.enum(['required', 'none']),
      z.strictObject({ store: Name.meta({ description: 'Another store, which keeps the passphrase' }) }),
    ]),
    BUILT_IN.passphrase,
    'Whether the private key is encrypted under a passphrase, and where that lies',
  ),
  schedule: Timing.optional(),
};

export const Settings = z
  .strictObject(settings)
  .meta({ id: 'Defaults', description: 'Settings for every key of this file; a key may write any of them anew' });
export type Settings = z.infer<typeof Settings>;

export const Entry = z
  .strictObject({
    name: Name.meta({ description: 'Name of the key, unique in the account', examples: ['market-maker-spot'] }),
    application: Text.meta({ description: 'The one application that uses it', examples: ['market-maker'] }),
    purpose: Name.meta({
      description: `The one thing it is for: ${Object.keys(PURPOSES).join(', ')}, or a name from purposes`,
      examples: ['spot-trading'],
    }),
    rotateEvery: Days.describe('How long one generation serves before it is replaced'),
    owner: Text.meta({ description: 'The team or person who answers for it', examples: ['desk-a'] }).optional(),
    formerly: Name.meta({
      description: 'The name it had before, under which its record and material are kept',
      examples: ['market-maker'],
    }).optional(),
    ...settings,
  })
  .meta({ id: 'Key', description: 'One key: one application, one purpose, on one account' });
export type Entry = z.infer<typeof Entry>;

export const Purpose = z
  .strictObject({
    permissions: z
      .array(Permission)
      .min(1)
      .meta({ description: 'What the key may do', examples: [['read', 'withdraw']] }),
  })
  .meta({ id: 'Purpose' });
export type Purpose = z.infer<typeof Purpose>;

const PurposeName = Name.refine((name) => !Object.hasOwn(PURPOSES, name), {
  error: 'must be another name: this purpose is built in and stays as it is',
});

export const WaiverEntry = z
  .strictObject({
    rule: Text.meta({ description: 'Id of the rule to silence', examples: ['ip-allowlist'] }),
    key: Text.meta({ description: 'Name of the key, in this account', examples: ['tax-report'] }),
    reason: Text.meta({
      description: 'Why that is acceptable, for the next reviewer',
      examples: ['vendor has no fixed address'],
    }),
    until: CalendarDate.describe('Last day on which it counts, in UTC'),
  })
  .meta({ id: 'Waiver', description: 'Silences one rule for one key; what it silences stays listed' });
export type WaiverEntry = z.infer<typeof WaiverEntry>;

export const PolicyFile = z
  .strictObject({
    $schema: z.string().describe('For editors of JSON files').optional(),
    apiVersion: z.literal('keyturn/v1').meta({ description: 'Version of this format', examples: ['keyturn/v1'] }),
    account: Name.meta({
      description: 'The exchange account or sub-account; several files may describe one',
      examples: ['binance-main'],
    }),
    venue: Name.meta({ description: 'A built-in venue, or one that keyturn.yaml defines', examples: ['binance'] }),
    store: optional(Name, BUILT_IN.store, 'Where keys and records live: local, or a store that keyturn.yaml defines'),
    purposes: z.record(PurposeName, Purpose).describe('Purposes beside the built-in ones').optional(),
    defaults: Settings.optional(),
    keys: z.array(Entry).min(1).describe('The keys of this account'),
    waivers: z
      .array(WaiverEntry)
      .describe('Rules silenced for single keys, each with a reason and a last day')
      .optional(),
  })
  .meta({ title: 'keyturn policy', description: 'The keys of one exchange account and how they are turned over' });
export type PolicyFile = z.infer<typeof PolicyFile>;

/** Draft 2020-12, for editors. What only rules can see (dates in order, known names) is not in it. */
export function policyJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(PolicyFile, { io: 'input' });
  return { $schema, $id: 'urn:keyturn:policy:v1', ...schema };
}
