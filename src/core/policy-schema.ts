import * as z from 'zod/mini';
import { about } from './about.ts';
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

export const Name = about(
  z.string().check(
    z.regex(NAME, {
      error:
        'must be 1 to 80 lower-case letters, digits, dots, dashes or underscores, with a letter or digit at both ends and no two dots in a row',
      abort: true,
    }),
  ),
  { id: 'Name' },
);

/** One line, printable, so that it cannot steer the terminal it is shown on. */
const TEXT = /^[!-~\u00a1-\uffff](?:[ -~\u00a0-\uffff]{0,498}[!-~\u00a1-\uffff])?$/;

export const Text = about(
  z.string().check(
    z.regex(TEXT, {
      error: 'must be one line of text, not empty, without space at its ends, at most 500 characters',
    }),
  ),
  { id: 'Text' },
);

const Duration = about(
  z.string().check(z.regex(DURATION, { error: 'must be a whole number followed by s, m, h, d or w', abort: true })),
  { id: 'Duration', examples: ['5d', '36h', '90m'] },
);

/** A duration, as a number of seconds once it is read. */
export const Seconds = z.pipe(
  Duration,
  z.transform((text) => parseDuration(text) ?? 0),
);

const Days = about(
  z.string().check(z.regex(/^(?:[3-8][0-9]|90)d$/, { error: 'must be whole days from 30d to 90d, written in d' })),
  { id: 'Days', examples: ['30d', '90d'] },
);

const CalendarDate = about(z.iso.date({ error: 'must be a day of the calendar, written YYYY-MM-DD' }), {
  id: 'Date',
  examples: ['2026-12-24'],
});

const Permission = about(z.enum(PERMISSIONS), { id: 'Permission' });

export const TimeZone = about(
  z.string().check(z.refine(isTimeZone, { error: 'must be a time zone of the IANA database' })),
  { description: 'IANA time zone whose clocks count', examples: ['Europe/London', 'UTC'] },
);

/** Times of a week. */
export const WEEKLY = {
  days: about(z.array(z.enum(WEEKDAYS)).check(z.minLength(1)), {
    description: 'Weekdays on which it opens',
    examples: [['mon', 'tue', 'wed', 'thu']],
  }),
  from: about(z.string().check(z.regex(TIME, { error: 'must be a time from 00:00 to 23:59' })), {
    description: 'Opens at this time',
    examples: ['09:00'],
  }),
  to: about(z.string().check(z.regex(TIME_OR_END, { error: 'must be a time from 00:00 to 24:00' })), {
    description: 'Closes at this time; 24:00 is the end of the day',
    examples: ['16:00'],
  }),
  timeZone: TimeZone,
};

const Window = about(
  z.strictObject(WEEKLY).check(
    z.refine(({ from, to }) => from < to || !TIME.test(from) || !TIME_OR_END.test(to), {
      path: ['to'],
      error:
        'must be later than from; a window over midnight is written as two: one up to 24:00, one from 00:00 on the next day',
    }),
  ),
  { id: 'Window', description: 'When keyturn may generate, ask people and promote' },
);

const Freeze = about(
  z
    .strictObject({
      from: about(CalendarDate, 'First day, in UTC'),
      to: about(CalendarDate, 'Last day, in UTC, included'),
      reason: about(Text, { description: 'Why nothing is turned over', examples: ['year end'] }),
    })
    .check(z.refine(({ from, to }) => from <= to, { path: ['to'], error: 'must not be before from' })),
  { id: 'Freeze', description: 'Days on which nothing is generated, asked for or promoted' },
);

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

const optional = <S extends z.ZodMiniType>(schema: S, builtIn: unknown, description: string) =>
  z.optional(about(schema, { description, default: builtIn }));

export const Timing = about(
  z.strictObject({
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
  }),
  {
    id: 'Schedule',
    description: 'How a rotation is timed; a key that writes only some of these fields inherits the others',
  },
);
export type Timing = z.infer<typeof Timing>;

const settings = {
  algorithm: optional(
    z.enum(ALGORITHMS),
    BUILT_IN.algorithm,
    'Kind and size of the key pair; the venue must accept it',
  ),
  ipAllowlist: optional(
    about(z.array(z.string()).check(z.maxLength(1000)), { examples: [['203.0.113.7', '198.51.100.0/28']] }),
    BUILT_IN.ipAllowlist,
    'Addresses and networks the key works from; empty means any',
  ),
  passphrase: optional(
    z.union([
      z.enum(['required', 'none']),
      z.strictObject({ store: about(Name, 'Another store, which keeps the passphrase') }),
    ]),
    BUILT_IN.passphrase,
    'Whether the private key is encrypted under a passphrase, and where that lies',
  ),
  schedule: z.optional(Timing),
};

export const Settings = about(z.strictObject(settings), {
  id: 'Defaults',
  description: 'Settings for every key of this file; a key may write any of them anew',
});
export type Settings = z.infer<typeof Settings>;

export const Entry = about(
  z.strictObject({
    name: about(Name, { description: 'Name of the key, unique in the account', examples: ['market-maker-spot'] }),
    application: about(Text, { description: 'The one application that uses it', examples: ['market-maker'] }),
    purpose: about(Name, {
      description: `The one thing it is for: ${Object.keys(PURPOSES).join(', ')}, or a name from purposes`,
      examples: ['spot-trading'],
    }),
    rotateEvery: about(Days, 'How long one generation serves before it is replaced'),
    owner: z.optional(about(Text, { description: 'The team or person who answers for it', examples: ['desk-a'] })),
    formerly: z.optional(
      about(Name, {
        description: 'The name it had before, under which its record and material are kept',
        examples: ['market-maker'],
      }),
    ),
    ...settings,
  }),
  { id: 'Key', description: 'One key: one application, one purpose, on one account' },
);
export type Entry = z.infer<typeof Entry>;

export const Purpose = about(
  z.strictObject({
    permissions: about(z.array(Permission).check(z.minLength(1)), {
      description: 'What the key may do',
      examples: [['read', 'withdraw']],
    }),
  }),
  { id: 'Purpose' },
);
export type Purpose = z.infer<typeof Purpose>;

const PurposeName = Name.check(
  z.refine((name) => !Object.hasOwn(PURPOSES, name), {
    error: 'must be another name: this purpose is built in and stays as it is',
  }),
);

export const WaiverEntry = about(
  z.strictObject({
    rule: about(Text, { description: 'Id of the rule to silence', examples: ['ip-allowlist'] }),
    key: about(Text, { description: 'Name of the key, in this account', examples: ['tax-report'] }),
    reason: about(Text, {
      description: 'Why that is acceptable, for the next reviewer',
      examples: ['vendor has no fixed address'],
    }),
    until: about(CalendarDate, 'Last day on which it counts, in UTC'),
  }),
  { id: 'Waiver', description: 'Silences one rule for one key; what it silences stays listed' },
);
export type WaiverEntry = z.infer<typeof WaiverEntry>;

export const PolicyFile = about(
  z.strictObject({
    $schema: z.optional(about(z.string(), 'For editors of JSON files')),
    apiVersion: about(z.literal('keyturn/v1'), { description: 'Version of this format', examples: ['keyturn/v1'] }),
    account: about(Name, {
      description: 'The exchange account or sub-account; several files may describe one',
      examples: ['binance-main'],
    }),
    venue: about(Name, { description: 'A built-in venue, or one that keyturn.yaml defines', examples: ['binance'] }),
    store: optional(Name, BUILT_IN.store, 'Where keys and records live: local, or a store that keyturn.yaml defines'),
    purposes: z.optional(about(z.record(PurposeName, Purpose), 'Purposes beside the built-in ones')),
    defaults: z.optional(Settings),
    keys: about(z.array(Entry).check(z.minLength(1)), 'The keys of this account'),
    waivers: z.optional(
      about(z.array(WaiverEntry), 'Rules silenced for single keys, each with a reason and a last day'),
    ),
  }),
  { title: 'keyturn policy', description: 'The keys of one exchange account and how they are turned over' },
);
export type PolicyFile = z.infer<typeof PolicyFile>;
