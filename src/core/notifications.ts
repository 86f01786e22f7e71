import { createHash } from 'node:crypto';
import type { Snapshot } from './decide.ts';
import { DAY, formatDuration } from './duration.ts';
import { minute } from './instant.ts';
import type { Key, KeyId } from './policy.ts';
import { type Generation, isClosed, type KeyRecord, rolesOf } from './record.ts';
import { type Task, tasksOf } from './tasks.ts';

/**
 * What there is to tell people of a key, derived from policy and record alone: whoever sends it may stop anywhere and finds
 * the same again, under the same id. What was told already is in the record, too; see audience.ts.
 */

/** What a notifier can be told of. */
export const EVENTS = ['task', 'overdue', 'compromised', 'rotated', 'dead', 'failed', 'recovered'] as const;
export type NotificationEvent = (typeof EVENTS)[number];

export interface Notification {
  /** The same thing has the same id however often it is sent. */
  id: string;
  event: NotificationEvent | 'test';
  /** What its reminders have in common: `3/delete/1780315200` is the task that was opened then. See editionOf. */
  subject: string;
  /** How far up the ladder of its reminders, from 0. */
  step: number;
  key: KeyId;
  account: string;
  application: string;
  venue: string;
  owner: string | null;
  generation: number | null;
  /** Since when it is the case. */
  at: string;
  deadline: string | null;
  /** What is the case, and what to do about it; no secret and no key id. */
  message: string;
  hint: string | null;
}

type Content = Pick<Notification, 'event' | 'subject' | 'generation' | 'at' | 'message'> &
  Partial<Pick<Notification, 'step' | 'deadline' | 'hint'>>;

/** One thing and the steps of its ladder that were reached, lowest first. */
export type Ladder = readonly Notification[];

export function newsOf({ key, record, capabilities, now }: Known): Ladder[] {
  const { current } = rolesOf(record);
  const ladders: Content[][] = [
    ...record.generations.flatMap((each) => compromised(each)),
    ...tasksOf(key, record, capabilities, now).map((task) => reminders(task, now)),
    ...(current ? rotated(current) : []),
    ...dead(record),
    ...(record.failure ? [failed(record.failure)] : []),
  ];
  return ladders.map((ladder) => ladder.map((content) => notification(key, content)));
}

type Known = Pick<Snapshot, 'key' | 'capabilities' | 'now'> & { record: KeyRecord };

export function notification(key: Key, { step = 0, deadline = null, hint = null, ...content }: Content): Notification {
  const { id, account, application, venue, owner } = key;
  return {
    id: `${id}/${content.subject}/${step}`,
    key: id,
    account,
    application,
    venue,
    owner,
    step,
    deadline,
    hint,
    ...content,
  };
}

/** Short enough for a record, and as good as the instant. */
const stamp = (at: string | Date): number => Math.floor(new Date(at).getTime() / 1000);

function compromised(generation: Generation): Content[][] {
  if (!generation.compromised || isClosed(generation)) return [];
  const { at, by, reason } = generation.compromised;
  const number = generation.generation;
  const message = `generation ${number} is compromised, says ${by}: ${reason}`;
  return [[{ event: 'compromised', subject: `${number}/compromised`, generation: number, at, message }]];
}

/** What a person was asked to enter changes with the policy: then it is another thing, and told again. */
const editionOf = ({ kind, switches, ipAllowlist }: Task): string =>
  kind === 'delete'
    ? ''
    : `/${createHash('sha256')
        .update(JSON.stringify([switches, ipAllowlist]))
        .digest('hex')
        .slice(0, 8)}`;

/** Whether two subjects are the same thing in another edition. */
export const isOtherEdition = (one: string, other: string): boolean =>
  one !== other && withoutEdition(one) === withoutEdition(other);

const withoutEdition = (subject: string): string => subject.split('/').slice(0, 3).join('/');

const DEEDS: Record<Task['kind'], string> = { register: 'registered', fix: 'corrected', delete: 'deleted' };

/** Opened, half-time, deadline, then daily. */
function reminders(task: Task, now: Date): Content[] {
  const { kind, key, generation, openedAt, deadline, owner, seenDead } = task;
  const common = {
    subject: `${generation}/${kind}/${stamp(openedAt)}${editionOf(task)}`,
    generation,
    at: openedAt.toISOString(),
    deadline: deadline.toISOString(),
    hint: `keyturn task ${key}`,
  };
  const due = `generation ${generation} is to be ${DEEDS[kind]} by ${owner ?? 'its owner'}, until ${minute(deadline)}`;
  const opened: Content = { ...common, event: 'task', step: 0, message: due };
  // Whoever deleted it has done his part; keyturn is confirming that.
  if (seenDead > 0) return [opened];
  const halfTime = (openedAt.getTime() + deadline.getTime()) / 2;
  if (now.getTime() < halfTime) return [opened];
  const half: Content = { ...common, event: 'task', step: 1, message: `half of the time is over: ${due}` };
  if (now <= deadline) return [opened, half];
  const late = (now.getTime() - deadline.getTime()) / 1000;
  const days = Math.floor(late / DAY);
  const since = days > 0 ? `overdue for ${formatDuration(days * DAY)}` : 'overdue';
  return [opened, half, { ...common, event: 'overdue', step: 2 + days, message: `${since}: ${due}` }];
}

function rotated({ generation, at: { promoted, broughtBack }, adopted }: Generation): Content[][] {
  const at = broughtBack ?? (adopted ? undefined : promoted);
  if (at === undefined) return [];
  const message = broughtBack
    ? `consumers were moved back to generation ${generation}`
    : `consumers read generation ${generation} from now on`;
  return [[{ event: 'rotated', subject: `${generation}/rotated/${stamp(at)}`, generation, at, message }]];
}

/** A finished generation is spoken of until three later ones are finished, too. */
const FINISHED_SPOKEN_OF = 3;

function dead({ generations, history }: KeyRecord): Content[][] {
  const live = generations.map(({ generation, at: { provenDead } }) => ({ generation, provenDead }));
  return [...history.slice(-FINISHED_SPOKEN_OF), ...live].flatMap(({ generation, provenDead: at }) =>
    at === undefined
      ? []
      : [
          [
            {
              event: 'dead',
              subject: `${generation}/dead`,
              generation,
              at,
              message: `generation ${generation} is proven dead`,
            },
          ],
        ],
  );
}

const failed = ({ cause, message, at }: NonNullable<KeyRecord['failure']>): Content[] => [
  { event: 'failed', subject: `failed/${cause}/${stamp(at)}`, generation: null, at, message, hint: 'keyturn doctor' },
];
