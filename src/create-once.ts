import { randomBytes } from 'node:crypto';
import { link, rm, writeFile } from 'node:fs/promises';
import { KeyturnError } from './errors.ts';

export interface NewFile {
  path: string;
  text: string;
  mode: number;
}

/**
 * Creates all of the files or none, each with its whole content from the first moment it can be seen, and never over
 * something that is there. Throws `usage` with the path that stood in the way.
 */
export async function createOnce(files: readonly NewFile[]): Promise<void> {
  const drafts = files.map((file) => ({ ...file, draft: `${file.path}.${randomBytes(6).toString('hex')}.tmp` }));
  const created: string[] = [];
  try {
    for (const { draft, path, text, mode } of drafts) {
      await attempt(path, () => writeFile(draft, text, { flag: 'wx', mode, flush: true }));
    }
    // A link, unlike a rename, fails where the name is taken.
    for (const { draft, path } of drafts) {
      await attempt(path, () => link(draft, path));
      created.push(path);
    }
  } catch (error) {
    await Promise.all(created.map((path) => rm(path, { force: true })));
    throw error;
  } finally {
    await Promise.all(drafts.map(({ draft }) => rm(draft, { force: true })));
  }
}

/** For an answer before the work is done; `createOnce` looks again. */
export const alreadyThere = (path: string): KeyturnError =>
  new KeyturnError('usage', `${path} is there already and was left as it is`, {
    hint: 'choose another name, or move that file away',
  });

async function attempt(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw alreadyThere(path);
    throw new KeyturnError('usage', `${path} cannot be created (${code})`, {
      hint: 'name a place in an existing folder you may write to',
      cause,
    });
  }
}
