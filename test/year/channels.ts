import type { Received } from '../providers/inbox.ts';

/** Who is told of keys: what keyturn.yaml says of them, what they want to hear and when, and how to read what they got. */
export interface Channel {
  /** Under `notifiers` or `hooks`. */
  section: 'notifiers' | 'hooks';
  /** Beside `kind`, `url` and, for webhooks, `secret`. */
  kind: 'webhook' | 'slack';
  options: string;
  hears: (news: News) => boolean;
  isListening: (at: Date) => boolean;
  read: (request: Received) => Heard;
}

/** One thing that somebody is told of a key, as the record has it: `desk/night-1 3 register 0`. */
export interface News {
  key: string;
  generation: number;
  thing: 'register' | 'delete' | 'rotated' | 'dead';
  /** Up the ladder of reminders. */
  step: number;
}

export const textOf = ({ key, generation, thing, step }: News): string => `${key} ${generation} ${thing} ${step}`;

export interface Heard {
  /** By which the other side knows what came twice; null where the protocol has none. */
  idempotencyKey: string | null;
  /** What it says, as `textOf` has it. */
  news: string[];
}

const isNight = (key: string): boolean => key.startsWith('desk/night-');
const always = () => true;

export const CHANNELS: Readonly<Record<string, Channel>> = {
  desk: { section: 'notifiers', kind: 'webhook', options: '', hears: always, isListening: always, read: fromWebhook },
  chat: {
    section: 'notifiers',
    kind: 'slack',
    options: 'on: [task, overdue], owners: [desk-a], quiet: { from: "22:00", to: "07:00", timeZone: Europe/London }',
    hears: ({ key, thing }) => isNight(key) && (thing === 'register' || thing === 'delete'),
    isListening: (at) => londonHour(at) >= 7 && londonHour(at) < 22,
    read: fromSlack,
  },
  reload: {
    section: 'hooks',
    kind: 'webhook',
    options: 'applications: [bot-1]',
    hears: ({ key, thing }) => key === 'desk/night-1' && thing === 'rotated',
    isListening: always,
    read: fromWebhook,
  },
};

/** As keyturn.yaml has them. */
export const WRITTEN_CHANNELS = (['notifiers', 'hooks'] as const)
  .map((section) => `${section}:\n${written(section)}`)
  .join('');

/** What the configuration refers to, with every channel at a path of this address. */
export const environmentOf = (url: string): Record<string, string> => ({
  HOOK_SECRET: 'a secret',
  ...Object.fromEntries(Object.keys(CHANNELS).map((name) => [`URL_${name}`, `${url}/${name}`])),
});

function written(wanted: Channel['section']): string {
  const channels = Object.entries(CHANNELS).filter(([, { section }]) => section === wanted);
  return channels
    .map(([name, { kind, options }]) => {
      const secret = kind === 'webhook' ? 'secret: { env: HOOK_SECRET }, ' : '';
      return `  ${name}: { kind: ${kind}, url: { env: URL_${name} }, ${secret}${options} }\n`;
    })
    .join('');
}

const LONDON = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', hourCycle: 'h23' });
const londonHour = (at: Date): number => Number(LONDON.format(at));

function fromWebhook({ headers, body }: Received): Heard {
  const { id, notifications } = JSON.parse(body) as { id: string; notifications: Notified[] };
  if (headers['idempotency-key'] !== id) throw new Error(`${id} came under another key`);
  return { idempotencyKey: id, news: notifications.map(notified) };
}

interface Notified {
  id: string;
  key: string;
  subject: string;
  step: number;
}

/** The subject begins with the number of the generation and the thing: `3/register/1780315200`. */
const notified = ({ key, subject, step }: Notified): string =>
  `${key} ${subject.split('/').slice(0, 2).join(' ')} ${step}`;

const LINE =
  /^(?:task|overdue): (?<key>\S+): (?:(?<half>half of the time is over)|overdue(?: for (?<days>\d+)d)?)?(?:: )?generation (?<generation>\d+) is to be (?<deed>registered|deleted) by/;
const THINGS: Readonly<Record<string, string>> = { registered: 'register', deleted: 'delete' };

function fromSlack({ body }: Received): Heard {
  const { text } = JSON.parse(body) as { text: string };
  const [_title, ...lines] = text.split('\n');
  return { idempotencyKey: null, news: lines.map(said) };
}

function said(line: string): string {
  const { key, half, days = '0', generation, deed = '' } = LINE.exec(line)?.groups ?? {};
  const step = half ? 1 : line.startsWith('overdue') ? 2 + Number(days) : 0;
  return `${key} ${generation} ${THINGS[deed]} ${step}`;
}
