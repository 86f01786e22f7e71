import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeyturnError } from '../../../src/errors.ts';

/**
 * Files that survive a stop at any instruction. `link` and `rename` of a folder are the only two operations of a file
 * system that fail when the name is taken, so they are the compare-and-swap; `rename` of a file replaces silently and
 * opening with O_EXCL leaves half a file behind. Nothing is believed to be there before it and its folder were synced.
 */

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

const temporaryName = (): string => `.tmp-${process.pid}-${randomUUID()}`;

/** Runs a file operation; what the system refuses becomes an error that names the path and says what to do. */
export async function onPath<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw explained(path, error as NodeJS.ErrnoException);
  }
}

function explained(path: string, cause: NodeJS.ErrnoException): unknown {
  switch (cause.code) {
    case 'EACCES':
    case 'EPERM':
      return new KeyturnError('denied', `${path} may not be accessed (${cause.code})`, {
        hint: 'give the user keyturn runs as the rights to this folder',
        cause,
      });
    case 'EROFS':
      return new KeyturnError('denied', `${path} lies on a file system that is read-only`, {
        hint: 'mount it writable; plan works meanwhile',
        cause,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new KeyturnError('quota', `there is no space left for ${path}`, {
        hint: 'make room; nothing was lost, the next run goes on',
        cause,
      });
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ELOOP':
      return new KeyturnError('corrupt', `${path} is not what the store keeps there (${cause.code})`, {
        hint: 'move what does not belong into the store away',
        cause,
      });
    case 'EIO':
    case 'ESTALE':
      return new KeyturnError('unavailable', `${path} could not be read or written (${cause.code})`, {
        hint: 'check the disk',
        ambiguous: true,
        cause,
      });
    case 'ENOENT':
      return new KeyturnError('unavailable', `${path} has vanished in the middle of the run (ENOENT)`, {
        hint: 'find out who moved, deleted or unmounted the folder of the store, bring it back as it was, then run again',
        ambiguous: true,
        cause,
      });
    default:
      return cause;
  }
}

/** The same for what is done at once. */
function onPathNow<T>(path: string, operation: () => T): T | null {
  try {
    return operation();
  } catch (error) {
    if (isMissing(error)) return null;
    throw explained(path, error as NodeJS.ErrnoException);
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Null when there is no such file. */
export async function readIfThere(path: string): Promise<Buffer | null> {
  return onPath(path, () =>
    readFile(path).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    }),
  );
}

/** A small text, read without waiting; null when there is no such file. */
export const readNow = (path: string): string | null => onPathNow(path, () => readFileSync(path, 'utf8'));

/** The highest number among the entries named as `pattern` says, read without waiting. */
export function newestIn(path: string, pattern: RegExp): number | undefined {
  let newest: string | undefined;
  for (const name of onPathNow(path, () => readdirSync(path)) ?? [])
    if (pattern.test(name) && (newest === undefined || name > newest)) newest = name;
  return newest === undefined ? undefined : Number.parseInt(newest, 10);
}

/** Names in a folder, sorted; none when it does not exist. */
export async function namesIn(path: string): Promise<string[]> {
  return onPath(path, async () => {
    const names: string[] = await readdir(path).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    return names.sort();
  });
}

/** Numbers of the entries named as `pattern` says, ascending; anything else in the folder is not ours and is passed over. */
export async function numbersIn(path: string, pattern: RegExp): Promise<number[]> {
  return (await namesIn(path)).flatMap((name) => (pattern.test(name) ? [Number.parseInt(name, 10)] : []));
}

export async function exists(path: string): Promise<boolean> {
  return onPath(path, () =>
    lstat(path).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      },
    ),
  );
}

/** Follows links; a link to nowhere is none. */
export async function isFolder(path: string): Promise<boolean> {
  return onPath(path, () =>
    stat(path).then(
      (entry) => entry.isDirectory(),
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      },
    ),
  );
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a folder and those above it, each synced into its parent; never open to others, not even until the umask is undone.
 * `root`, where it is named, and what is above it are not made.
 */
export async function ensureFolder(path: string, root?: string): Promise<void> {
  await onPath(path, async () => {
    const made = await mkdir(path, FOLDER_MODE).then(
      () => true,
      async (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        if (error.code !== 'ENOENT' || dirname(path) === root) throw error;
        await ensureFolder(dirname(path), root);
        return mkdir(path, FOLDER_MODE).then(
          () => true,
          (again: NodeJS.ErrnoException) => {
            if (again.code === 'EEXIST') return false;
            throw again;
          },
        );
      },
    );
    if (!made) return;
    await chmod(path, FOLDER_MODE);
    await sync(dirname(path));
  });
}

async function writeDurably(path: string, content: Buffer | string): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    await handle.writeFile(content);
    await handle.chmod(FILE_MODE);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes beside the final name, and hands over to `place` what is complete and synced. Nothing is left behind. */
async function viaTemporaryFile<T>(
  path: string,
  content: Buffer | string,
  place: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = join(dirname(path), temporaryName());
  return onPath(path, async () => {
    try {
      await writeDurably(temporary, content);
      return await place(temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

/** A file that is written once: whole, or not at all; false when the name is taken. */
export async function createOnce(path: string, content: Buffer | string): Promise<boolean> {
  return viaTemporaryFile(path, content, async (temporary) => {
    const created = await link(temporary, path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    await sync(dirname(path));
    return created;
  });
}

/** Replaces a file by another whole one. */
export async function replace(path: string, content: Buffer | string): Promise<void> {
  await viaTemporaryFile(path, content, async (temporary) => {
    await rename(temporary, path);
    await sync(dirname(path));
  });
}

/** A folder with all its files at once; false when the name is taken. The folder above must exist. */
export async function createFolderOnce(
  path: string,
  files: Readonly<Record<string, Buffer | string>>,
): Promise<boolean> {
  const temporary = join(dirname(path), temporaryName());
  return onPath(path, async () => {
    try {
      await mkdir(temporary, FOLDER_MODE);
      await chmod(temporary, FOLDER_MODE);
      for (const [name, content] of Object.entries(files)) await writeDurably(join(temporary, name), content);
      await sync(temporary);
      await rename(temporary, path);
      await sync(dirname(path));
      return true;
    } catch (error) {
      if (['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

/** Removes files and makes that durable; those that are gone already are passed over. */
export async function removeFiles(folder: string, names: readonly string[]): Promise<void> {
  await onPath(folder, async () => {
    for (const name of names) {
      await unlink(join(folder, name)).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
    await sync(folder);
  });
}

/** Points a symbolic link somewhere else, in one step for readers. */
export async function pointLink(path: string, target: string): Promise<void> {
  const temporary = join(dirname(path), temporaryName());
  await onPath(path, async () => {
    try {
      await symlink(target, temporary);
      await rename(temporary, path);
      await sync(dirname(path));
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

/** Throws `unsupported` where names cannot be linked, on which every create-once rests. */
export async function probeLinks(folder: string): Promise<void> {
  const probe = join(folder, temporaryName());
  const second = `${probe}-link`;
  await onPath(folder, async () => {
    await writeDurably(probe, '');
    try {
      await link(probe, second);
    } catch (cause) {
      throw new KeyturnError('unsupported', `${folder} lies on a file system without hard links`, {
        hint: 'put the store on a local file system such as ext4, xfs or btrfs',
        cause,
      });
    } finally {
      await rm(probe, { force: true });
      await rm(second, { force: true });
    }
  });
}
