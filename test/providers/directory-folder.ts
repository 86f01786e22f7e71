import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createEmbeddedIdentities, type DirectoryOptions, openDirectory } from '../../providers/stores/directory.ts';
import { systemClock } from '../../src/clock.ts';

export const KEY = 'binance-main/spot';

/** Of the store's settings, those a test may change. */
export type Changes = Partial<Pick<DirectoryOptions, 'identity' | 'recipients' | 'permissions'>>;

/** Real folders, each with identities and the path of a store, removed when the tests of the file are over. */
export function folders() {
  const made: string[] = [];
  afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-directory-'));
    made.push(folder);
    await createEmbeddedIdentities(folder);
    const options = (changes: Changes) => ({ path: 'store', identity: { file: 'identity.txt' }, ...changes });
    const dependencies = { clock: systemClock, folder };
    return {
      folder,
      inside: (...path: string[]) => join(folder, 'store', KEY, ...path),
      open: (changes: Changes = {}) => openDirectory(options(changes), dependencies).store,
      read: () => openDirectory(options({}), dependencies).reader,
    };
  };
}

/** Everything below a folder with its permission bits and the time it changed. */
export async function everythingIn(
  folder: string,
): Promise<{ path: string; mode: number; isFolder: boolean; changed: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const present = entries.filter((entry) => !entry.isSymbolicLink());
  return Promise.all(
    present.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = await stat(path);
      return { path, mode: mode & 0o777, isFolder: entry.isDirectory(), changed: mtimeMs };
    }),
  );
}
