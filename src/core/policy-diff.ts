import type { VenueCapabilities } from './capabilities.ts';
import { type Key, type KeyId, type Waiver, worstCaseLife } from './policy.ts';
import { type Change, type Effect, isSame, type Verdict, verdictOf } from './policy-diff/change.ts';
import { type Move, movesOf, startsNow } from './policy-diff/dates.ts';
import { compareKeys } from './policy-diff/fields.ts';
import { type Pair, pairsOf } from './policy-diff/pair.ts';
import { compareWorkloads, type Workload } from './policy-diff/people.ts';
import { compareWaivers, type WaiverChange } from './policy-diff/waivers.ts';
import type { KeyRecord } from './record.ts';

export type { Verdict } from './policy-diff/change.ts';
export type { Workload } from './policy-diff/people.ts';
export type { WaiverChange } from './policy-diff/waivers.ts';

/** Policies as they are at one time. */
export interface Edition {
  keys: readonly Key[];
  waivers: readonly Waiver[];
}

/** What an edit of policies means, not what its text is. */
export interface PolicyDiff {
  at: Date;
  /** Whether anything is less safe than before. */
  relaxes: boolean;
  /** How many keys there were and are. */
  count: { before: number; after: number };
  /** Only those that something changes for. */
  keys: KeyDiff[];
  waivers: WaiverChange[];
  people: Workload[];
}

export interface KeyDiff {
  key: KeyId;
  /** Its name before, where that was another. */
  formerly: KeyId | null;
  change: 'added' | 'removed' | 'renamed' | 'changed';
  verdict: Verdict;
  changes: Change[];
  /** Worst-case life in seconds. */
  life: { before: number | null; after: number | null };
  /** What its dates are told from: its record, or no more than the two policies. */
  from: 'record' | 'policies';
  /** Seconds by which it falls due later; null where only one side has the key. */
  dueLater: number | null;
  /** Dates that move; none without a record. */
  dates: Move[];
  /** Its rotation starts at once because of this edit. */
  dueNow: boolean;
}

interface Known {
  /** By the id under which stores know a key. */
  records: ReadonlyMap<KeyId, KeyRecord>;
  capabilities: (venue: string) => VenueCapabilities | undefined;
  now: Date;
}

/** Two editions beside each other. */
export interface Comparison {
  base: Edition;
  head: Edition;
  pairs: readonly Pair[];
  /** Pairs of which something is different. */
  touched: readonly Pair[];
}

export function compared(base: Edition, head: Edition): Comparison {
  const pairs = pairsOf(base.keys, head.keys);
  return { base, head, pairs, touched: pairs.filter(isTouched) };
}

/** The keys that an edit touches, as stores know them: whose records are worth reading. */
export const touchedKeys = ({ touched }: Comparison): Key[] => touched.map(({ before, after }) => before ?? after);

export function policyDiff({ base, head, pairs, touched }: Comparison, known: Known): PolicyDiff {
  const { records, capabilities, now } = known;
  const keys = touched.map((pair) => keyDiff(pair, records, now)).filter(({ changes }) => changes.length > 0);
  const names = new Map(pairs.flatMap(({ before, after }) => (before && after ? [[before.id, after.id]] : [])));
  const nameOf = (key: KeyId) => names.get(key) ?? key;
  const waivers = compareWaivers(base.waivers, head.waivers, { today: now, nameOf });
  return {
    at: now,
    relaxes: [...keys.flatMap(({ changes }) => changes), ...waivers].some(({ effect }) => effect === 'relaxed'),
    count: { before: base.keys.length, after: head.keys.length },
    keys,
    waivers,
    people: compareWorkloads(base.keys, head.keys, capabilities),
  };
}

/** Where a key is written does not matter. */
const isTouched = ({ kind, before, after }: Pair): boolean =>
  kind !== 'kept' ||
  (Object.keys(before) as (keyof Key)[]).some((field) => field !== 'source' && !isSame(before[field], after[field]));

function keyDiff(pair: Pair, records: Known['records'], now: Date): KeyDiff {
  const { before, after } = pair;
  const changes = changesOf(pair, now);
  const record = records.get((before ?? after).storedAs);
  const keepsRecord = before !== null && after !== null && before.storedAs === after.storedAs;
  const dates = keepsRecord && record ? movesOf(before, after, record, now) : [];
  return {
    key: (after ?? before).id,
    formerly: pair.kind === 'renamed' ? pair.before.id : null,
    change: pair.kind === 'kept' ? 'changed' : pair.kind,
    verdict: verdictOf(changes.map(({ effect }) => effect)),
    changes,
    life: { before: before && worstCaseLife(before), after: after && worstCaseLife(after) },
    from: record ? 'record' : 'policies',
    dueLater: keepsRecord ? dueLater({ before, after }, record, dates) : null,
    dates,
    dueNow: after !== null && (keepsRecord ? startsNow(dates, now) : record === undefined || before !== null),
  };
}

/** Without a record only the interval says by how much; with one, a date that stays does so for a reason. */
function dueLater(
  { before, after }: { before: Key; after: Key },
  record: KeyRecord | undefined,
  dates: readonly Move[],
): number {
  if (record === undefined) return after.rotateEvery - before.rotateEvery;
  const due = dates.find(({ what }) => what === 'due');
  return due ? (due.after.getTime() - due.before.getTime()) / 1000 : 0;
}

function changesOf(pair: Pair, now: Date): Change[] {
  if (pair.kind === 'added') return [about('keys', 'neutral', `a new key: ${usesOf(pair.after)}`)];
  if (pair.kind === 'removed')
    return [
      about('keys', 'relaxed', 'no longer covered: it is neither rotated nor deleted, and lives on at the venue'),
    ];
  return [...identityOf(pair), ...compareKeys(pair.before, pair.after, now.toISOString().slice(0, 10))];
}

const about = (field: string, effect: Effect, message: string): Change => ({ field, effect, message });

/** What becomes of its name and of its record. */
function identityOf(pair: Extract<Pair, { kind: 'kept' | 'renamed' }>): Change[] {
  const { name, storedAs } = pair.before;
  if (pair.kind === 'renamed') {
    const lost = `${name} is no longer covered and this is a new key; formerly: ${name} would keep its record`;
    return pair.formerly
      ? [about('name', 'neutral', `renamed from ${name}; record and material stay`)]
      : [about('name', 'relaxed', lost)];
  }
  if (storedAs === pair.after.storedAs) return [];
  const lost = `the record at ${storedAs} is no longer covered: it is looked for at ${pair.after.storedAs}`;
  return [about('formerly', 'relaxed', lost)];
}

const usesOf = ({ application, permissions, ipAllowlist }: Key): string =>
  `${application} may ${permissions.join(', ')} from ${ipAllowlist.length > 0 ? ipAllowlist.join(', ') : 'anywhere'}`;
