import { setTimeout as sleep } from 'node:timers/promises';

/** Lets one caller go in so many milliseconds; the others wait for their turn. */
export function paced(apartMs: number): () => Promise<void> {
  let next = 0;
  return async () => {
    const now = performance.now();
    const turn = Math.max(now, next);
    next = turn + apartMs;
    if (turn > now) await sleep(turn - now);
  };
}
