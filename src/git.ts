import { execFile } from 'node:child_process';
import { KeyturnError } from './errors.ts';

/** Reading a git repository with the user's own git: no shell, and no word of a revision on a command line. */

export interface Blob {
  /** Relative to the folder it was asked for in. */
  path: string;
  /** Git's name for these bytes. */
  id: string;
  bytes: Buffer;
}

/** The commit a revision names; null where it names none. Throws `usage` outside of a repository, `unavailable` without git. */
export async function commitOf(revision: string, folder: string): Promise<string | null> {
  if (revision === '' || /[\n\0]/.test(revision)) return null;
  const answer = await git(['cat-file', '--batch-check'], folder, `${revision}^{commit}\n`);
  const [, commit] = /^([0-9a-f]{40,64}) commit \d+\n$/.exec(answer.toString('utf8')) ?? [];
  return commit ?? null;
}

export const isShallow = async (folder: string): Promise<boolean> =>
  (await git(['rev-parse', '--is-shallow-repository'], folder)).toString('utf8').trim() === 'true';

/** The files at `path`, a file or a folder below `folder`, in a commit; none where nothing is there. `isWanted` sees their paths. */
export async function blobsAt(
  commit: string,
  { folder, path, isWanted }: { folder: string; path: string; isWanted: (path: string) => boolean },
): Promise<Blob[]> {
  const tree = await git(['ls-tree', '-r', '-z', commit, '--', path], folder);
  const entries = tree
    .toString('utf8')
    .split('\0')
    .flatMap(entryOf)
    .filter((entry) => isWanted(entry.path));
  const linked = entries.find(({ mode }) => mode === '120000');
  if (linked)
    throw new KeyturnError('invalid', `${linked.path} is a symbolic link in ${commit.slice(0, 12)}`, {
      hint: 'compare two folders instead: git worktree add makes one of a revision',
    });
  const contents = await git(['cat-file', '--batch'], folder, entries.map(({ id }) => `${id}\n`).join(''));
  return readBatch(contents, entries);
}

interface Entry {
  mode: string;
  id: string;
  path: string;
}

/** `mode blob id<TAB>path`; submodules are commits and hold no policies of this repository. */
function entryOf(line: string): Entry[] {
  const [, mode, id, path] = /^(\d+) blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
  return mode === undefined || id === undefined || path === undefined ? [] : [{ mode, id, path }];
}

/** One answer for each entry, in their order: `id blob size<LF>bytes<LF>`. */
function readBatch(contents: Buffer, entries: readonly Entry[]): Blob[] {
  let at = 0;
  return entries.map(({ path, id }) => {
    const end = contents.indexOf('\n', at);
    const [, size] = /^[0-9a-f]+ blob (\d+)$/.exec(contents.toString('latin1', at, end)) ?? [];
    if (size === undefined)
      throw new KeyturnError('unavailable', `git did not hand over ${path}`, {
        hint: 'the repository may be incomplete: git fsck looks for what is missing',
      });
    const start = end + 1;
    at = start + Number(size) + 1;
    return { path, id, bytes: contents.subarray(start, start + Number(size)) };
  });
}

/** Set by git for its hooks; they would make another repository of the folder that was asked for. */
const OF_HOOKS = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX'];

function git(args: readonly string[], folder: string, input = ''): Promise<Buffer> {
  const inherited = Object.entries(process.env).filter(([name]) => !OF_HOOKS.includes(name));
  const env = { ...Object.fromEntries(inherited), LC_ALL: 'C', GIT_LITERAL_PATHSPECS: '1', GIT_TERMINAL_PROMPT: '0' };
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env, encoding: 'buffer', maxBuffer: 1024 ** 3 } as const;
    const child = execFile('git', args, options, (error, stdout, stderr) => {
      if (error) reject(complaint(error, stderr.toString('utf8'), folder));
      else resolve(stdout);
    });
    // A git that ends early says why on standard error.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function complaint(cause: Error & { code?: unknown }, stderr: string, folder: string): KeyturnError {
  const instead = 'compare two folders: keyturn policy diff OLD-FOLDER NEW-FOLDER';
  if (cause.code === 'ENOENT')
    return new KeyturnError('unavailable', 'git is not installed, or not in PATH', {
      hint: `install it, or ${instead}`,
      cause,
    });
  if (/not a git repository/i.test(stderr))
    return new KeyturnError('usage', `${folder} is in no git repository`, { hint: `clone it with git, or ${instead}` });
  if (/dubious ownership/.test(stderr))
    return new KeyturnError('denied', `git does not trust the repository at ${folder}: it belongs to another user`, {
      hint: `git config --global --add safe.directory ${folder}`,
    });
  const [first = ''] = stderr.split('\n');
  return new KeyturnError('unavailable', `git failed: ${first.replace(/^fatal: /, '')}`, {
    hint: `mend that, or ${instead}`,
    cause,
  });
}
