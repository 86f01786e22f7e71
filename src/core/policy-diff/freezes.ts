import type { Freeze } from '../policy.ts';
import { type Change, counted, isSame } from './change.ts';
import { beyond, type Range, sizeOf } from './ranges.ts';

/** Days on which nothing moves, more and fewer. Days that are over change nothing. */
export function compareFreezes(before: readonly Freeze[], after: readonly Freeze[], today: string): Change[] {
  if (isSame(before, after)) return [];
  const field = 'freezes';
  return [
    ...reaching(after, before, today).map(({ text, days }) => ({
      field,
      effect: 'relaxed' as const,
      message: `frozen for ${days} more: ${text}`,
      gained: [text],
    })),
    ...reaching(before, after, today).map(({ text, days }) => ({
      field,
      effect: 'tightened' as const,
      message: `frozen for ${days} fewer: ${text}`,
      lost: [text],
    })),
  ];
}

/** The freezes that reach beyond the others. */
function reaching(freezes: readonly Freeze[], others: readonly Freeze[], today: string) {
  const frozen = others.flatMap((freeze) => daysOf(freeze, today));
  return freezes.flatMap((freeze) => {
    const days = sizeOf(beyond(daysOf(freeze, today), frozen));
    const text = `${freeze.from} to ${freeze.to}, ${freeze.reason}`;
    return days === 0n ? [] : [{ text, days: counted(days, 'day') }];
  });
}

const DAY = 86_400_000;

function daysOf({ from, to }: Freeze, today: string): Range[] {
  const number = (day: string) => BigInt(Date.parse(day) / DAY);
  return to < today ? [] : [{ first: number(from < today ? today : from), last: number(to) }];
}
