/** What one edit means for how safe keys are; `neutral` is worth knowing and neither better nor worse. */
export type Effect = 'relaxed' | 'tightened' | 'neutral';

/** One thing that is different. */
export interface Change {
  /** Of a key, as policies name it. */
  field: string;
  effect: Effect;
  message: string;
  /** Of sets: permissions, addresses, days. */
  gained?: string[];
  lost?: string[];
}

export type Verdict = Effect | 'mixed';

export function verdictOf(effects: readonly Effect[]): Verdict {
  const [relaxes, tightens] = [effects.includes('relaxed'), effects.includes('tightened')];
  if (relaxes && tightens) return 'mixed';
  return relaxes ? 'relaxed' : tightens ? 'tightened' : 'neutral';
}

export const list = (words: readonly string[]): string => words.join(', ');

export const counted = (number: number | bigint, word: string): string =>
  `${number} ${word}${BigInt(number) === 1n ? '' : word.endsWith('s') ? 'es' : 's'}`;

/** The same as they are written, which most of thousands are: cheaper than finding nothing. */
export const isSame = (before: unknown, after: unknown): boolean =>
  before === after || JSON.stringify(before) === JSON.stringify(after);
