import type { VenueCapabilities } from '../capabilities.ts';
import { DAY } from '../duration.ts';
import type { Key } from '../policy.ts';

/** What somebody has to do before and after. */
export interface Workload {
  /** Null: keys nobody answers for. */
  owner: string | null;
  keys: { before: number; after: number };
  /** Tasks in a quarter of a year, to a tenth. */
  tasks: { before: number; after: number };
}

type Venues = (venue: string) => Pick<VenueCapabilities, 'registering' | 'deleting'> | undefined;

const QUARTER = (365.25 / 4) * DAY;

/** Those for whom something changes, by name. */
export function compareWorkloads(before: readonly Key[], after: readonly Key[], venues: Venues): Workload[] {
  const [was, is] = [workOf(before, venues), workOf(after, venues)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((owner) => {
      const [old, now] = [was.get(owner) ?? IDLE, is.get(owner) ?? IDLE];
      return {
        owner,
        keys: { before: old.keys, after: now.keys },
        tasks: { before: tenths(old.tasks), after: tenths(now.tasks) },
      };
    })
    .filter(({ keys, tasks }) => keys.before !== keys.after || tasks.before !== tasks.after)
    .sort((a, b) => (a.owner ?? '').localeCompare(b.owner ?? '', 'en'));
}

const IDLE = { keys: 0, tasks: 0 };
const tenths = (number: number): number => Math.round(number * 10) / 10;

function workOf(keys: readonly Key[], venues: Venues): Map<string | null, typeof IDLE> {
  const work = new Map<string | null, typeof IDLE>();
  for (const { owner, venue, rotateEvery } of keys) {
    const old = work.get(owner) ?? IDLE;
    work.set(owner, {
      keys: old.keys + 1,
      tasks: old.tasks + (QUARTER / rotateEvery) * tasksPerRotation(venues(venue)),
    });
  }
  return work;
}

/** Registering and deleting, where the venue leaves them to people. */
function tasksPerRotation(venue: ReturnType<Venues>): number {
  if (venue === undefined) return 2;
  return [venue.registering, venue.deleting].filter((by) => by === 'person').length;
}
