import { distance } from 'fastest-levenshtein';

/** The candidate that was probably meant, at most two letters off (one for short words), case aside; null when none is. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const allowed = word.length < 4 ? 1 : 2;
  let best: { candidate: string; off: number } | null = null;
  for (const candidate of candidates) {
    const off = distance(word.toLowerCase(), candidate.toLowerCase());
    if (off <= allowed && off < (best?.off ?? Number.POSITIVE_INFINITY)) best = { candidate, off };
  }
  return best?.candidate ?? null;
}
