import { later } from './instant.ts';
import {
  isOtherEdition,
  type Ladder,
  type Notification,
  type NotificationEvent,
  notification,
} from './notifications.ts';
import { type Key, WEEKDAYS, type Window } from './policy.ts';
import type { KeyRecord, Told } from './record.ts';
import { isOpen } from './schedule.ts';

/** Who is told what, and what is left to tell after what the record says was told. */

/** Like a window, but it may reach over midnight; `days` are those on which it begins. */
export type Quiet = Window;

/** What a notifier wants to hear. */
export interface Audience {
  on: readonly NotificationEvent[];
  /** Only keys of these owners; null: of all. */
  owners: readonly string[] | null;
  /** It keeps what it was told open until it hears that it is over, and takes the same twice for one. */
  keepsIncidents: boolean;
}

/** Which keys a hook is for; null: whatever they are. */
export interface Concern {
  keys: readonly string[] | null;
  applications: readonly string[] | null;
}

/** A compromised key concerns everybody. */
export function hears({ on, owners, keepsIncidents }: Audience, { event, owner }: Notification): boolean {
  if (event === 'compromised') return true;
  const isWanted = event !== 'test' && (on.includes(event) || (event === 'recovered' && keepsIncidents));
  return isWanted && (owners === null || (owner !== null && owners.includes(owner)));
}

export const concerns = ({ keys, applications }: Concern, { event, key, application }: Notification): boolean =>
  event === 'rotated' &&
  (keys === null || keys.includes(key)) &&
  (applications === null || applications.includes(application));

export function isQuiet({ days, from, to, timeZone }: Quiet, now: Date): boolean {
  const nextDays = days.map((day) => WEEKDAYS[(WEEKDAYS.indexOf(day) + 1) % WEEKDAYS.length] ?? day);
  const windows =
    from < to
      ? [{ days, from, to, timeZone }]
      : [
          { days, from, to: '24:00', timeZone },
          { days: nextDays, from: '00:00', to, timeZone },
        ];
  return isOpen({ windows, freezes: [] }, now);
}

/** A notifier that is new to a key is told of what happened to it in this time, and of everything that is still the case. */
const NEWS_SECONDS = 3 * 86_400;

const HAPPENED: ReadonlySet<string> = new Set(['rotated', 'dead']);

const toldBefore = (told: Told | undefined, now: Date): Told =>
  told ?? { since: later(now, -NEWS_SECONDS).toISOString(), steps: {} };

/** Of each thing the highest step that is wanted and was not told. */
export function pendingOf(
  news: readonly Ladder[],
  told: Told | undefined,
  wants: (notification: Notification) => boolean,
  now: Date,
): Notification[] {
  const { since, steps } = toldBefore(told, now);
  return news
    .flatMap((ladder) => ladder.filter(wants).at(-1) ?? [])
    .filter(({ subject, step, event, at }) => step > (steps[subject] ?? -1) && (!HAPPENED.has(event) || at >= since))
    .map((each) =>
      isChanged(each, steps) ? { ...each, message: `what is to be entered has changed: ${each.message}` } : each,
    );
}

const isChanged = ({ subject }: Notification, steps: Told['steps']): boolean =>
  Object.keys(steps).some((told) => isOtherEdition(subject, told));

/**
 * What it was told of and is over. For those who keep incidents everything is said to be over, for all others only that
 * nothing fails any more.
 */
export function endingsOf(
  key: Key,
  news: readonly Ladder[],
  told: Told | undefined,
  keepsIncidents: boolean,
  now: Date,
): Notification[] {
  const open = new Set(news.flatMap(([first]) => first?.subject ?? []));
  const isFailing = news.some(([first]) => first?.event === 'failed');
  const isTold = (subject: string) => keepsIncidents || (subject.startsWith('failed/') && !isFailing);
  return Object.keys(told?.steps ?? {})
    .filter((subject) => !open.has(subject) && isTold(subject))
    .map((subject) => recovered(key, subject, now));
}

function recovered(key: Key, subject: string, now: Date): Notification {
  const [first = '', what = ''] = subject.split('/');
  const generation = /^\d+$/.test(first) ? Number(first) : null;
  const message = generation === null ? `it works again (${what})` : `${what} of generation ${generation} is over`;
  const told = notification(key, { event: 'recovered', subject, generation, at: now.toISOString(), message });
  return { ...told, id: `${key.id}/${subject}/over` };
}

/** The record after these were delivered; what is over, and need not be said to be over, is forgotten. */
export function markedIn<R extends Pick<KeyRecord, 'told'>>(
  record: R,
  channel: string,
  { news, endings, delivered, now }: Telling,
): R {
  if (delivered.length === 0 && record.told?.[channel]) return record;
  const before = toldBefore(record.told?.[channel], now);
  const isDelivered = ({ id }: Notification) => delivered.some((each) => each.id === id);
  const unsaid = endings.filter((each) => !isDelivered(each));
  const alive = new Set([...news.flat(), ...unsaid].map(({ subject }) => subject));
  const kept = Object.entries(before.steps).filter(([subject]) => alive.has(subject));
  const added = delivered.filter(({ event }) => event !== 'recovered').map(({ subject, step }) => [subject, step]);
  const steps = Object.fromEntries([...kept, ...added]);
  return { ...record, told: { ...record.told, [channel]: { since: before.since, steps } } };
}

/** What there is to say of one key to one channel, and what of it arrived. */
export interface Telling {
  news: readonly Ladder[];
  endings: readonly Notification[];
  delivered: readonly Notification[];
  now: Date;
}
