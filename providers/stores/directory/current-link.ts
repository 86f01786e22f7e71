import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pointLink } from './files.ts';
import { digits, newestPromotion, type Paths } from './layout.ts';

/** `current`, the link readers follow. The newest promotion decides; the link only shows it. */

/** What the link shows and what it should show; null where it is right, or nothing was promoted yet. */
export async function wrongLink(paths: Paths): Promise<{ shown: string | null; target: string } | null> {
  const newest = await newestPromotion(paths);
  if (newest === null) return null;
  const target = join('gen', digits(newest.generation, 6));
  const shown = await readlink(paths.current).catch(() => null);
  return shown === target ? null : { shown, target };
}

/** Lets the link show what the newest promotion says, however many promotions run at once. */
export async function showCurrent(paths: Paths): Promise<void> {
  for (let wrong = await wrongLink(paths); wrong !== null; wrong = await wrongLink(paths)) {
    await pointLink(paths.current, wrong.target);
  }
}
