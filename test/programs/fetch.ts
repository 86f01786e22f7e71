import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, constants, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * Gets the programs that tests run beside keyturn, once for a machine: what is installed serves, what is not is fetched into
 * a cache outside the work tree. Several test runs may do this at once; the first to finish is what all of them use.
 */

const run = promisify(execFile);

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'keyturn-test');
const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const AGE = 'v1.3.2';
const MINUTES = 60_000;

/** Where a program is, or why it cannot be had. */
export type Found = { path: string } | { missing: string };

export async function fetchPrograms(): Promise<Record<string, Found>> {
  const [python, age, keygen] = await Promise.all([
    pythonEnvironment(),
    installedOr('age', () => byGo('age')),
    installedOr('age-keygen', () => byGo('age-keygen')),
  ]);
  const inPython = (name: string): Found => ('path' in python ? { path: join(python.path, 'bin', name) } : python);
  return {
    age,
    'age-keygen': keygen,
    python: inPython('python'),
    bao: inPython('bao'),
    moto_server: inPython('moto_server'),
  };
}

async function installedOr(name: string, otherwise: () => Promise<Found>): Promise<Found> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (await isExecutable(path)) return { path };
  }
  return otherwise();
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Built from source: age has no package that every machine could install without its administrator. */
async function byGo(command: string): Promise<Found> {
  const folder = join(CACHE, `age-${AGE}`);
  const path = join(folder, command);
  if (await isExecutable(path)) return { path };
  try {
    const env = { ...process.env, GOBIN: folder };
    await run('go', ['install', `filippo.io/age/cmd/${command}@${AGE}`], { env, timeout: 5 * MINUTES });
    return { path };
  } catch (error) {
    return { missing: `${command} is not installed, and Go could not build it (${codeOf(error)})` };
  }
}

/** A virtual environment cannot be moved, so each has a name of its own, and a file says which one is complete. */
async function pythonEnvironment(): Promise<Found> {
  const wanted = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 16);
  const pointer = join(CACHE, `python-${wanted}`);
  const complete = await readFile(pointer, 'utf8').catch(() => null);
  if (complete !== null && (await isExecutable(join(complete, 'bin', 'python')))) return { path: complete };
  const folder = `${pointer}-${randomUUID()}`;
  try {
    await mkdir(CACHE, { recursive: true });
    await run('python3', ['-m', 'venv', folder], { timeout: 2 * MINUTES });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
    await run(join(folder, 'bin', 'python'), pip, { timeout: 10 * MINUTES });
    return { path: await publish(pointer, folder, complete !== null) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return { missing: `python3 could not install what test/programs/requirements.txt lists (${codeOf(error)})` };
  }
}

/** Names `folder` as the complete one, unless another run was first; then that one serves, and ours goes. */
async function publish(pointer: string, folder: string, isBroken: boolean): Promise<string> {
  if (isBroken) await rm(pointer, { force: true });
  const draft = `${folder}.tmp`;
  await writeFile(draft, folder);
  try {
    await link(draft, pointer);
    return folder;
  } catch {
    await rm(folder, { recursive: true, force: true });
    return await readFile(pointer, 'utf8');
  } finally {
    await rm(draft, { force: true });
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
