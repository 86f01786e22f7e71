import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, constants, copyFile, link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * Gets the programs that tests run beside keyturn, once for a machine: what is installed serves, what is not is fetched into
 * a cache outside the work tree. Several test runs may do this at once; the first to finish is what all of them use.
 */

const run = promisify(execFile);

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'keyturn-test');
const REQUIREMENTS = resolve('test/programs/requirements.txt');
const NODE_CLIENTS = ['package.json', 'package-lock.json'].map((file) => resolve('test/outside', file));
const AGE = 'v1.3.2';
const EXTERNAL_SECRETS = 'v0.20.4';
const MINUTES = 60_000;

/** Where a program is, or why it cannot be had. */
export type Found = { path: string } | { missing: string };

/** Programs that are only looked for, beside those that can be fetched where they are not installed. */
const LOOKED_FOR = ['openssl', 'bash', 'promtool', 'ssh', 'ssh-keygen', 'kubectl', 'git'];
const FETCHED: Readonly<Record<string, (name: string) => Promise<Found>>> = {
  age: byGo,
  'age-keygen': byGo,
  sshd: byApt,
};

export async function fetchPrograms(): Promise<Record<string, Found>> {
  const wanted = [...LOOKED_FOR.map((name) => [name, notInstalled] as const), ...Object.entries(FETCHED)];
  const [python, node, externalSecrets, ...found] = await Promise.all([
    pythonEnvironment(),
    nodeModules(),
    goModule('github.com/external-secrets/external-secrets', EXTERNAL_SECRETS),
    ...wanted.map(([name, otherwise]) => installedOr(name, otherwise)),
  ]);
  const inPython = (name: string): Found => ('path' in python ? { path: join(python.path, 'bin', name) } : python);
  return {
    ...Object.fromEntries(wanted.flatMap(([name], index) => (found[index] ? [[name, found[index]]] : []))),
    python: inPython('python'),
    bao: inPython('bao'),
    moto_server: inPython('moto_server'),
    'external-secrets': externalSecrets,
    'node clients': 'path' in node ? { path: join(node.path, 'node_modules') } : node,
  };
}

async function notInstalled(name: string): Promise<Found> {
  return { missing: `${name} is not installed` };
}

async function installedOr(name: string, otherwise: (name: string) => Promise<Found>): Promise<Found> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (await isThere(path, constants.X_OK)) return { path };
  }
  return otherwise(name);
}

const isThere = (path: string, mode = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

/** Debian’s OpenSSH server, unpacked and not installed: no service starts, and no administrator is needed. */
async function byApt(): Promise<Found> {
  const found = await installation('sshd', [], 'sshd', async (folder) => {
    const options = { cwd: folder, timeout: MINUTES };
    await run('apt-get', ['download', 'openssh-server', 'libwrap0'], options);
    const packages = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    for (const file of packages) await run('dpkg', ['-x', file, '.'], options);
    // Finds itself, so that the folder can be copied to where another user reads it.
    const script =
      '#!/bin/sh\nhere=$(dirname "$0")\nLD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu) exec "$here"/usr/sbin/sshd "$@"\n';
    await writeFile(join(folder, 'sshd'), script, { mode: 0o755 });
  });
  return 'path' in found
    ? { path: join(found.path, 'sshd') }
    : { missing: 'sshd is not installed, and apt-get could not download openssh-server' };
}

/** Built from source: age has no package that every machine could install without its administrator. */
async function byGo(command: string): Promise<Found> {
  const folder = join(CACHE, `age-${AGE}`);
  const path = join(folder, command);
  if (await isThere(path, constants.X_OK)) return { path };
  try {
    const env = { ...process.env, GOBIN: folder };
    await run('go', ['install', `filippo.io/age/cmd/${command}@${AGE}`], { env, timeout: 5 * MINUTES });
    return { path };
  } catch (error) {
    return { missing: `${command} is not installed, and Go could not build it (${codeOf(error)})` };
  }
}

/** The files of a module, where Go keeps them. */
async function goModule(name: string, version: string): Promise<Found> {
  try {
    const { stdout } = await run('go', ['mod', 'download', '-json', `${name}@${version}`], { timeout: 5 * MINUTES });
    return { path: (JSON.parse(stdout) as { Dir: string }).Dir };
  } catch (error) {
    return { missing: `Go could not fetch ${name} ${version} (${codeOf(error)})` };
  }
}

const pythonEnvironment = (): Promise<Found> =>
  installation('python', [REQUIREMENTS], 'bin/python', async (folder) => {
    await run('python3', ['-m', 'venv', folder], { timeout: 2 * MINUTES });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
    await run(join(folder, 'bin', 'python'), pip, { timeout: 10 * MINUTES });
  });

const nodeModules = (): Promise<Found> =>
  installation('node', NODE_CLIENTS, 'node_modules/.package-lock.json', async (folder) => {
    for (const file of NODE_CLIENTS) await copyFile(file, join(folder, basename(file)));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, timeout: 5 * MINUTES });
  });

/**
 * What `install` put into a folder of its own, found again as long as the files it is made from are the same. A virtual
 * environment cannot be moved, so each folder has its final name from the start, and a pointer says which one is complete.
 */
async function installation(
  kind: string,
  madeFrom: readonly string[],
  proof: string,
  install: (folder: string) => Promise<void>,
): Promise<Found> {
  const hash = createHash('sha256');
  for (const file of madeFrom) hash.update(await readFile(file));
  const pointer = join(CACHE, `${kind}-${hash.digest('hex').slice(0, 16)}`);
  const complete = await readFile(pointer, 'utf8').catch(() => null);
  if (complete !== null && (await isThere(join(complete, proof)))) return { path: complete };
  const folder = `${pointer}-${randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true });
    await install(folder);
    return { path: await publish(pointer, folder, complete !== null) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const files = madeFrom.map((file) => relative('.', file)).join(' and ');
    return {
      missing: `what ${files} ${madeFrom.length > 1 ? 'list' : 'lists'} could not be installed (${codeOf(error)})`,
    };
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
