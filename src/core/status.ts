import type { VenueCapabilities } from './capabilities.ts';
import { dueOf, lateFrom } from './due.ts';
import { rollbackHoldsUntil } from './facts.ts';
import type { Key, KeyId } from './policy.ts';
import { type Generation, isClosed, type KeyRecord, maskApiKey, type Roles, rolesOf } from './record.ts';
import { tasksOf } from './tasks.ts';

/** Where a key stands, in one word, derived from its record. */
export type Phase =
  | 'none'
  | 'steady'
  | 'registering'
  | 'verifying'
  | 'overlap'
  | 'revoking'
  | 'proving'
  | 'compromised'
  | 'uncovered';

export interface GenerationStatus {
  generation: number;
  fingerprint: string | null;
  /** Masked. */
  apiKey: string | null;
  /** Whether it was seen refused from outside its allowlist; null before it was looked at. */
  allowlist: 'proven' | 'unproven' | null;
  since: Date;
}

export interface KeyStatus {
  key: KeyId;
  phase: Phase;
  overdue: boolean;
  due: Date | null;
  current: GenerationStatus | null;
  next: GenerationStatus | null;
  /** The newest previous generation; older ones that are not proven dead stand in `debts`, oldest first. */
  previous: GenerationStatus | null;
  debts: GenerationStatus[];
  owner: string | null;
  venue: string | null;
}

export function phaseOf(record: KeyRecord | null): Phase {
  if (record === null) return 'none';
  const roles = rolesOf(record);
  const unproven = record.generations.filter((each) => !isClosed(each));
  if (unproven.some(({ compromised }) => compromised)) return 'compromised';
  return previousPhase(roles) ?? nextPhase(roles) ?? (roles.current ? 'steady' : 'none');
}

function previousPhase({ previous }: Roles): Phase | null {
  const [oldest] = previous;
  if (!oldest) return null;
  if (isClosed(oldest) || (oldest.deadGroups?.length ?? 0) > 0) return 'proving';
  return oldest.at.deletionAsked ? 'revoking' : 'overlap';
}

function nextPhase({ next }: Roles): Phase | null {
  if (!next) return null;
  return next.apiKey ? 'verifying' : 'registering';
}

/** Overdue: a task past its deadline, or a key whose rotation should have begun. */
export function statusOf(key: Key, record: KeyRecord | null, capabilities: VenueCapabilities, now: Date): KeyStatus {
  const due = dueOf({ key, record, now });
  const overdue =
    record !== null &&
    (isLate(key, record, now) || tasksOf(key, record, capabilities, now).some((task) => task.overdue));
  return {
    key: key.id,
    phase: phaseOf(record),
    overdue,
    due,
    ...generationsOf(record),
    owner: key.owner,
    venue: key.venue,
  };
}

function isLate(key: Key, record: KeyRecord, now: Date): boolean {
  if (record.current === null || record.next !== null || now <= lateFrom({ key, record, now })) return false;
  const held = rollbackHoldsUntil({ ...rolesOf(record), record });
  return held === null || now >= held;
}

/** A record no policy names. */
export const uncoveredStatus = (record: KeyRecord): KeyStatus => ({
  key: record.key,
  phase: 'uncovered',
  overdue: false,
  due: null,
  ...generationsOf(record),
  owner: null,
  venue: null,
});

function generationsOf(record: KeyRecord | null): Pick<KeyStatus, 'current' | 'next' | 'previous' | 'debts'> {
  if (record === null) return { current: null, next: null, previous: null, debts: [] };
  const { current, next, previous } = rolesOf(record);
  const newest = previous.at(-1);
  return {
    current: current && describe(current, current.at.promoted),
    next: next && describe(next, next.at.generated),
    previous: newest ? describe(newest, newest.at.superseded) : null,
    debts: previous.slice(0, -1).map((each) => describe(each, each.at.superseded)),
  };
}

const describe = (
  { generation, fingerprint, apiKey, allowlist, at }: Generation,
  since: string | undefined,
): GenerationStatus => ({
  generation,
  fingerprint: fingerprint ?? null,
  apiKey: apiKey === undefined ? null : maskApiKey(apiKey),
  allowlist: allowlist ?? null,
  since: new Date(since ?? at.generated),
});

const URGENCY: readonly Phase[] = [
  'compromised',
  'revoking',
  'proving',
  'registering',
  'verifying',
  'overlap',
  'none',
  'uncovered',
  'steady',
];

/** Worst first: overdue, then by phase, then by due date. */
export const byUrgency = (a: KeyStatus, b: KeyStatus): number =>
  Number(b.overdue) - Number(a.overdue) ||
  URGENCY.indexOf(a.phase) - URGENCY.indexOf(b.phase) ||
  (a.due?.getTime() ?? 0) - (b.due?.getTime() ?? 0) ||
  a.key.localeCompare(b.key, 'en');
