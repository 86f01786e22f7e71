import { createHash } from 'node:crypto';
import type { Problem } from '../problems.ts';

/**
 * One for each problem, in their order. It stays the same while rule, file, key and field do; lines, places in lists and
 * wording may change. Problems that have all of these in common are counted.
 */
export function fingerprintsOf(problems: readonly Problem[]): string[] {
  const counts = new Map<string, number>();
  return problems.map(({ rule, file, key, path }) => {
    const fields = path.split('.').filter((part) => !/^\d+$/.test(part));
    const mark = JSON.stringify([rule, file, key, fields]);
    const count = (counts.get(mark) ?? 0) + 1;
    counts.set(mark, count);
    return createHash('sha256').update(`${mark} ${count}`).digest('hex').slice(0, 32);
  });
}
