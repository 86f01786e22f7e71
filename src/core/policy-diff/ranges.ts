/** Whole numbers from `first` to `last`, both included: addresses, or days. */
export interface Range {
  first: bigint;
  last: bigint;
}

/** What is in `these` and not in `those`, in order. */
export function beyond(these: readonly Range[], those: readonly Range[]): Range[] {
  const others = joined(those);
  return joined(these).flatMap((range) => without(range, others));
}

export const sizeOf = (ranges: readonly Range[]): bigint =>
  ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);

/** In order, those that touch or overlap made one. */
function joined(ranges: readonly Range[]): Range[] {
  const apart: Range[] = [];
  for (const range of [...ranges].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = apart.at(-1);
    if (before === undefined || range.first > before.last + 1n) apart.push({ ...range });
    else if (range.last > before.last) before.last = range.last;
  }
  return apart;
}

/** What is left of a range without those, which are in order and apart. */
function without({ first, last }: Range, others: readonly Range[]): Range[] {
  const left: Range[] = [];
  let start = first;
  for (const other of others) {
    if (other.last < start) continue;
    if (other.first > last) break;
    if (other.first > start) left.push({ first: start, last: other.first - 1n });
    start = other.last + 1n;
  }
  return start > last ? left : [...left, { first: start, last }];
}
