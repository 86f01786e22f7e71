import { baseOf, parseNetwork, widthOf } from '../address.ts';
import { type Change, counted, isSame, list } from './change.ts';
import { beyond, type Range, sizeOf } from './ranges.ts';

/** A wider network counts as gained addresses; an empty list lets in everything. */
export function compareAllowlists(before: readonly string[], after: readonly string[]): Change[] {
  if (isSame(before, after)) return [];
  const field = 'ipAllowlist';
  if (after.length === 0 && before.length > 0)
    return [{ field, effect: 'relaxed', message: 'works from anywhere', lost: [...before] }];
  if (before.length === 0 && after.length > 0)
    return [{ field, effect: 'tightened', message: `works only from ${list(after)}`, gained: [...after] }];
  const [gained, lost] = [reaching(after, before), reaching(before, after)];
  const changes: Change[] = [];
  if (gained.length > 0)
    changes.push({ field, effect: 'relaxed', message: `also works from ${told(gained, before)}`, gained });
  if (lost.length > 0)
    changes.push({ field, effect: 'tightened', message: `no longer works from ${told(lost, after)}`, lost });
  return changes;
}

/** The entries that reach beyond the others; what cannot be read is compared as it is written. */
function reaching(entries: readonly string[], others: readonly string[]): string[] {
  const covered = others.flatMap(rangesOf);
  return entries.filter((entry) => {
    const ranges = rangesOf(entry);
    return ranges.length === 0 ? !others.includes(entry) : beyond(ranges, covered).length > 0;
  });
}

const MANY = 1_000_000n;

function told(entries: readonly string[], others: readonly string[]): string {
  const more = sizeOf(beyond(entries.flatMap(rangesOf), others.flatMap(rangesOf)));
  if (more === 0n) return list(entries);
  return `${list(entries)} (${more < MANY ? counted(more, 'address') : 'over a million addresses'})`;
}

/** IPv4 lies above all of IPv6 here, so that the two never meet. */
const ABOVE = { 4: 1n << 128n, 6: 0n } as const;

function rangesOf(entry: string): Range[] {
  const network = parseNetwork(entry);
  if (network === null) return [];
  const { version, bits, prefix } = baseOf(network);
  const first = ABOVE[version] + bits;
  return [{ first, last: first + (1n << BigInt(widthOf(version) - prefix)) - 1n }];
}
