import { createHash } from 'node:crypto';
import type { Notification } from './notifications.ts';

/** What is sent at once: one notification, or a digest of many. */
export interface Message {
  /** Stable: the same content has the same id. */
  id: string;
  /** One line. */
  title: string;
  /** What people read, one line each. */
  lines: readonly string[];
  notifications: readonly Notification[];
}

/** What a chat or mail shows without being cut off. */
const MAX_LINES = 50;

export function messageOf(notifications: readonly Notification[]): Message {
  const [first, ...rest] = notifications;
  if (first === undefined) throw new Error('there is nothing to say');
  const shown = notifications.slice(0, MAX_LINES).map(lineOf);
  const more = notifications.length - shown.length;
  return {
    id: rest.length === 0 ? first.id : `digest/${digestOf(notifications)}`,
    title: rest.length === 0 ? titleOf(first) : `keyturn: ${countsOf(notifications)}`,
    lines: more === 0 ? shown : [...shown, `and ${more} more: keyturn tasks, keyturn status`],
    notifications,
  };
}

const WORDS: Record<Notification['event'], string> = {
  task: 'task',
  overdue: 'overdue',
  compromised: 'COMPROMISED',
  rotated: 'rotated',
  dead: 'proven dead',
  failed: 'failed',
  recovered: 'over',
  test: 'test',
};

const titleOf = ({ event, key }: Notification): string => `keyturn: ${WORDS[event]}: ${key}`;

const lineOf = ({ event, key, message, hint }: Notification): string =>
  `${WORDS[event]}: ${key}: ${message}${hint === null ? '' : ` (${hint})`}`;

/** `3 task, 1 overdue`. */
function countsOf(notifications: readonly Notification[]): string {
  const counts = new Map<string, number>();
  for (const { event } of notifications) counts.set(WORDS[event], (counts.get(WORDS[event]) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
}

const digestOf = (notifications: readonly Notification[]): string =>
  createHash('sha256')
    .update(
      notifications
        .map(({ id }) => id)
        .sort()
        .join('\n'),
    )
    .digest('hex')
    .slice(0, 32);
