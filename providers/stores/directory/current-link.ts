import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pointLink, removeFiles } from './files.ts';
import { digits, newestPromotion, type Paths } from './layout.ts';

/** `current`, the link readers follow. The newest promotion decides; the link only shows it. */

export interface WrongLink {
  shown: string | null;
  /** Null: there should be none, since what was current was withdrawn. */
  target: string | null;
}

/** What the link shows and what it should show; null where it is right, or nothing was promoted yet. */
export async function wrongLink(paths: Paths): Promise<WrongLink | null> {
  const newest = await newestPromotion(paths);
  if (newest === null) return null;
  const target = newest.generation === null ? null : join('gen', digits(newest.generation, 6));
  const shown = await readlink(paths.current).catch(() => null);
  return shown === target ? null : { shown, target };
}

/** Lets the link show what the newest promotion says, however many promotions run at once. */
export async function showCurrent(paths: Paths): Promise<void> {
  for (let wrong = await wrongLink(paths); wrong !== null; wrong = await wrongLink(paths)) {
    if (wrong.target === null) await removeFiles(paths.folder, ['current']);
    else await pointLink(paths.current, wrong.target);
  }
}
