import { type Decision, decide, type Snapshot } from './decide.ts';
import { type Generation, isClosed } from './record.ts';

/** What would happen now, and why: one decision a key, in the order of the keys. */
export interface Plan {
  at: Date;
  keys: Decision[];
}

/** As much of a plan as it takes to show it. */
export interface PlanView {
  at: Date;
  keys: readonly (Omit<Decision, 'reason'> & { reason: string })[];
}

/** A key with everything planning may know of it; whether its account has room follows from all of them together. */
export type Gathered = Omit<Snapshot, 'room' | 'attempts'>;

export function planOf(gathered: readonly Gathered[], at: Date): Plan {
  const left = roomLeft(gathered);
  const wanted = gathered.map((each) => {
    const decision = decide({ ...each, room: true, attempts: [] });
    const without = startsGeneration(decision) ? decide({ ...each, room: false, attempts: [] }) : decision;
    return { account: each.key.account, decision, without };
  });
  const take = (account: string) => left.set(account, (left.get(account) ?? 0) - 1);
  // What starts even without room takes its place first, or the account would get one key too many.
  for (const { account, without } of wanted) if (startsGeneration(without)) take(account);
  const keys = wanted.map(({ account, decision, without }) => {
    if (!startsGeneration(decision) || startsGeneration(without)) return decision;
    if ((left.get(account) ?? 0) <= 0) return without;
    take(account);
    return decision;
  });
  return { at, keys };
}

/** Every generation that is not proven dead takes one of the account’s places, from the moment it is made. */
function roomLeft(gathered: readonly Gathered[]): Map<string, number> {
  const left = new Map<string, number>();
  const takesPlace = (generation: Generation) => !isClosed(generation);
  for (const { key, record, capabilities } of gathered) {
    const taken = record?.generations.filter(takesPlace).length ?? 0;
    left.set(key.account, (left.get(key.account) ?? capabilities.limits.keysPerAccount) - taken);
  }
  return left;
}

const startsGeneration = ({ action, reason }: Decision): boolean =>
  action === 'generate' && reason !== 'generation-unfinished';
