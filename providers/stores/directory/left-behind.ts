import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyId } from '../../../src/ports/store.ts';
import { type WrongLink, wrongLink } from './current-link.ts';
import { exists, namesIn, numbersIn, onPath } from './files.ts';
import { GENERATION, newestPromotion, type Paths, PRIVATE_FILES, pathsOf, readMeta } from './layout.ts';

/** What stops left half done inside the store, where the store itself knows how it ends. */
export interface LeftBehind {
  /** Files and folders that were being written, longer than an hour ago. */
  temporary: string[];
  /** Generations marked as retired whose private files are still there. */
  halfErased: number[];
  link: WrongLink | null;
}

/** Younger ones may be in the hands of a worker. */
const ABANDONED_AFTER_MS = 3_600_000;

export async function leftBehind(root: string, key: KeyId): Promise<LeftBehind> {
  const paths = pathsOf(root, key);
  const generations = await numbersIn(paths.generations, GENERATION);
  const { folder, records, promotions, evidenceFolder, passphrases } = paths;
  const folders = [folder, records, paths.generations, promotions, evidenceFolder, passphrases];
  const inside = generations.map((generation) => paths.generation(generation));
  const temporary = await Promise.all([...folders, ...inside].map(abandonedIn));
  // What consumers read is never erased, whatever its marker says.
  const current = (await newestPromotion(paths))?.generation;
  const isHalf = await Promise.all(
    generations.map(async (generation) => generation !== current && isHalfErased(paths, generation)),
  );
  return {
    temporary: temporary.flat(),
    halfErased: generations.filter((_, index) => isHalf[index]),
    link: await wrongLink(paths),
  };
}

/** The file system stamps its files by the system’s clock, so it is that one they are compared with. */
export async function abandonedIn(folder: string): Promise<string[]> {
  const paths = (await namesIn(folder)).filter((name) => name.startsWith('.tmp-')).map((name) => join(folder, name));
  const ages = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      ),
    ),
  );
  return paths.filter((_, index) => (ages[index] ?? 0) > ABANDONED_AFTER_MS);
}

export const removeAbandoned = async (paths: readonly string[]): Promise<void> => {
  for (const path of paths) await onPath(path, () => rm(path, { recursive: true, force: true }));
};

async function isHalfErased(paths: Paths, generation: number): Promise<boolean> {
  const meta = await readMeta(paths, generation);
  if (meta?.state !== 'retired') return false;
  const left = await Promise.all(PRIVATE_FILES.map((name) => exists(paths.generation(generation, name))));
  return left.includes(true);
}
