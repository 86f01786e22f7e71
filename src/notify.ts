import pLimit from 'p-limit';
import { amend } from './amend.ts';
import { endingsOf, markedIn, pendingOf } from './core/audience.ts';
import type { VenueCapabilities } from './core/capabilities.ts';
import { isClaimed } from './core/facts.ts';
import { messageOf } from './core/notification-text.ts';
import { type Ladder, type Notification, newsOf } from './core/notifications.ts';
import type { Key } from './core/policy.ts';
import type { KeyRecord } from './core/record.ts';
import { explain, isKeyturnError } from './errors.ts';
import { noteFailure, unrecordedFailure } from './failure.ts';
import type { Logger } from './log.ts';
import type { Channel } from './ports/notifier.ts';
import { readRecord } from './records.ts';
import type { KeyReport } from './tick.ts';
import { mayActOn, type Workspace } from './workspace.ts';

/**
 * Tells people and applications what the records say and they were not told yet: derived, sent, then marked. A stop between
 * sending and marking sends the same again, under the same id; a stop anywhere else loses nothing. Who cannot be told
 * changes nothing about keys, is a warning in the log, and is told by the next pass.
 */

type Teller = Pick<Workspace, 'ports' | 'clock'>;

interface Io {
  log(): Promise<Pick<Logger, 'warn'>>;
  /** Ends it between two messages. A pass that was stopped does not know what it would have met with. */
  signal?: AbortSignal | undefined;
}

/** Keys whose records are read or written at the same time. */
const KEYS_AT_ONCE = 16;
/** More than this at once is one message, unless each must come alone. */
const MANY = 20;

/** After a pass: what stopped a key, or stops it no longer, is news, too. */
export async function notify(teller: Teller, reports: readonly KeyReport[], io: Io): Promise<void> {
  const channels = await teller.ports.channels();
  if (channels.length === 0 || io.signal?.aborted) return;
  const heard = reports.filter(({ gathered }) => mayActOn(teller, gathered.key));
  const known = await pLimit(KEYS_AT_ONCE).map(heard, async (report): Promise<Known[]> => {
    const { key, capabilities, record } = report.gathered;
    if (record === null) return [];
    const noted = await attempt(io, key.id, () => noteFailure(teller, report, record));
    return [{ key, capabilities, record: noted ?? record }];
  });
  await tellAll(teller, channels, known.flat(), io);
  const now = teller.clock.now();
  const unrecorded = heard.flatMap((report) => unrecordedFailure(report, now));
  // Nothing can remember that these were told.
  for (const channel of channels.filter(({ keepsIncidents }) => keepsIncidents)) {
    for (const each of unrecorded)
      if (channel.hears(each) && !channel.isSilent(now)) await deliver(channel, [each], io);
  }
}

/** After a change to single keys that was no pass. */
export async function tell(teller: Teller, keys: readonly Key[], io: Io): Promise<void> {
  const channels = await teller.ports.channels();
  if (channels.length === 0) return;
  const { sources } = teller.ports;
  const known = await pLimit(KEYS_AT_ONCE).map(keys, async (key): Promise<Known[]> => {
    const record = await attempt(io, key.id, async () => readRecord(await sources.reader(key.store), key.storedAs));
    return record ? [{ key, record, capabilities: sources.capabilities(key.venue) }] : [];
  });
  await tellAll(teller, channels, known.flat(), io);
}

interface Known {
  key: Key;
  capabilities: VenueCapabilities;
  record: KeyRecord;
}

/** What a channel has to be told of one key. */
interface Letter extends Known {
  news: readonly Ladder[];
  endings: readonly Notification[];
  /** What of both is to be told now. */
  pending: readonly Notification[];
}

/** A letter, and what of it goes into one message. */
interface Part {
  letter: Letter;
  content: readonly Notification[];
}

const tellAll = (teller: Teller, channels: readonly Channel[], known: readonly Known[], io: Io) =>
  Promise.all(channels.map((channel) => serve(teller, channel, known, io)));

async function serve(teller: Teller, channel: Channel, known: readonly Known[], io: Io): Promise<void> {
  const now = teller.clock.now();
  const letters = known.map((each) => letterFor(channel, each, now)).filter(({ pending }) => pending.length > 0);
  let answer: Answer = 'taken';
  for (const parts of messagesFrom(letters, channel.digest)) {
    if (io.signal?.aborted) return;
    const content = parts.flatMap((part) => part.content);
    if (answer !== 'not-now') answer = await deliver(channel, content, io);
    await mark(teller, channel, parts, { isTaken: answer === 'taken', now }, io);
  }
}

function letterFor(channel: Channel, known: Known, now: Date): Letter {
  const { key, record } = known;
  const told = record.told?.[channel.name];
  const news = newsOf({ ...known, now });
  const endings = endingsOf(key, news, told, channel.keepsIncidents, now).filter((each) => channel.hears(each));
  // Whoever is in the middle of a step must find the record as he left it, and tells what came of it. A leak cannot wait.
  const isLater = channel.isSilent(now) || isClaimed(record, now);
  const isNow = (each: Notification) => !isLater || each.event === 'compromised';
  const pending = pendingOf(news, told, (each) => channel.hears(each) && isNow(each), now);
  return { ...known, news, endings, pending: [...pending, ...endings.filter(isNow)] };
}

function messagesFrom(letters: readonly Letter[], digest: Channel['digest']): Part[][] {
  const count = letters.reduce((sum, { pending }) => sum + pending.length, 0);
  const isOne = digest === 'always' || (digest === 'when-many' && count > MANY);
  if (isOne && count > 0) return [letters.map((letter) => ({ letter, content: letter.pending }))];
  return letters.flatMap((letter) => letter.pending.map((each) => [{ letter, content: [each] }]));
}

/** `refused` concerns this message, `not-now` every other one, too. */
type Answer = 'taken' | 'refused' | 'not-now';

async function deliver({ name, notifier }: Channel, content: readonly Notification[], io: Io): Promise<Answer> {
  try {
    await notifier.deliver(messageOf(content));
    return 'taken';
  } catch (error) {
    await warn(io, name, error);
    if (isKeyturnError(error) && error.partial) return 'taken';
    return isKeyturnError(error, 'refused') ? 'refused' : 'not-now';
  }
}

async function mark(
  teller: Teller,
  { name }: Channel,
  parts: readonly Part[],
  { isTaken, now }: { isTaken: boolean; now: Date },
  io: Io,
): Promise<void> {
  // Who is new to a record is entered there in any case, or what he could not be told would grow too old to be news.
  const changed = parts.filter(({ letter }) => isTaken || letter.record.told?.[name] === undefined);
  await pLimit(KEYS_AT_ONCE).map(changed, ({ letter, content }) => {
    const telling = { ...letter, delivered: isTaken ? content : [], now };
    return attempt(io, letter.key.id, () => amend(teller, letter.key, (record) => markedIn(record, name, telling)));
  });
}

/** Null where it failed, which the log then says. */
async function attempt<T>(io: Io, about: string, body: () => Promise<T>): Promise<T | null> {
  try {
    return await body();
  } catch (error) {
    await warn(io, about, error);
    return null;
  }
}

async function warn(io: Io, about: string, error: unknown): Promise<void> {
  if (!isKeyturnError(error)) throw error;
  const log = await io.log();
  log.warn({ about, code: error.code }, `could not tell: ${explain(error)}`);
}
