import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLogger } from '../../src/log.ts';
import { dependenciesOf } from '../../src/run.ts';
import { look, pass } from '../../src/tick.ts';
import { createEmbeddedIdentities } from '../../src/wire.ts';
import { openWorkspace } from '../../src/workspace.ts';

/** Many keys in one directory, and many `keyturn apply` at them at once. */

export interface Ran {
  status: number | null;
  seconds: number;
  /** Most memory it ever held. */
  megabytes: number;
  /** Keys for which it made a pair. */
  generated: string[];
}

export interface Crowd {
  keys: string[];
  /** Runs the real command, as often at once as is wanted. */
  apply(workers: number): Promise<Ran[]>;
  /** What lies in the store. */
  files(): Promise<{ count: number; bytes: number }>;
  /** The heap in use after each of so many passes of one process. */
  heapOver(passes: number): Promise<number[]>;
  close(): Promise<void>;
}

/** As many as leave room for one in overlap. */
const KEYS_PER_ACCOUNT = 29;

export async function aCrowd(count: number): Promise<Crowd> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-many-'));
  await createEmbeddedIdentities(join(folder, '.keyturn'));
  await writeFile(join(folder, 'keyturn.yaml'), 'apiVersion: keyturn/v1\n');
  await mkdir(join(folder, 'policies'));
  const names = Array.from({ length: count }, (_, index) => [
    `account-${Math.floor(index / KEYS_PER_ACCOUNT)}`,
    `key-${index}`,
  ]);
  for (const account of new Set(names.map(([each]) => each))) {
    const keys = names.filter(([each]) => each === account).map(([, name]) => entry(name ?? ''));
    await writeFile(join(folder, 'policies', `${account}.yaml`), `${head(account ?? '')}${keys.join('')}`);
  }
  return {
    keys: names.map((parts) => parts.join('/')),
    apply: (workers) => Promise.all(Array.from({ length: workers }, () => applied(folder))),
    files: () => filesIn(join(folder, '.keyturn/store')),
    heapOver: (passes) => heapOver(folder, passes),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

const head = (account: string): string => `apiVersion: keyturn/v1
account: ${account}
venue: binance
defaults: { algorithm: ed25519, ipAllowlist: [203.0.113.7] }
keys:
`;
const entry = (name: string): string =>
  `  - { name: ${name}, application: ${name}, purpose: trading-data, rotateEvery: 30d, owner: desk }\n`;

/** The process says at its end, on a pipe of its own, how much memory it took. */
const SAY_MEMORY =
  '--import=data:text/javascript,import{writeSync}from"node:fs";process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))';

async function applied(folder: string): Promise<Ran> {
  const began = Date.now();
  const child = spawn(
    process.execPath,
    [SAY_MEMORY, resolve('dist/main.js'), 'apply', '--yes', '-o', 'json', '--log-level', 'warn'],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    },
  );
  let stdout = '';
  let memory = '';
  child.stdio[1]?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stdio[3]?.on('data', (chunk) => {
    memory += chunk;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  const { keys } = JSON.parse(stdout) as { keys: { key: string; actions: { action: string; outcome: string }[] }[] };
  const made = keys.filter(({ actions }) =>
    actions.some(({ action, outcome }) => `${action} ${outcome}` === 'generate done'),
  );
  return {
    status,
    seconds: (Date.now() - began) / 1000,
    megabytes: Math.round(Number(memory) / 1024),
    generated: made.map(({ key }) => key),
  };
}

async function filesIn(folder: string): Promise<{ count: number; bytes: number }> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
  const sizes = await Promise.all(
    entries.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return { count: entries.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function heapOver(folder: string, passes: number): Promise<number[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const workspace = await openWorkspace({ config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies') });
  const io = {
    log: async () => createLogger({ level: 'warn', stream: process.stderr, paint: null }),
    signal: new AbortController().signal,
    terminal: { progress: () => undefined },
  };
  const dependencies = dependenciesOf(workspace, io, await io.log());
  const heaps: number[] = [];
  for (let done = 0; done < passes; done += 1) {
    const reports = await pass(
      dependencies,
      await look(workspace.ports.sources, workspace.keys, workspace.clock.now()),
    );
    assert.equal(reports.flatMap(({ actions }) => actions).length, 0);
    collect();
    heaps.push(process.memoryUsage().heapUsed);
  }
  return heaps;
}

/** Each pair was made exactly once, whoever made it, and nobody failed. */
export async function expectOnceEach(crowd: Crowd, ran: readonly Ran[]): Promise<void> {
  assert.deepEqual(
    ran.map(({ status }) => status),
    ran.map(() => 0),
  );
  assert.deepEqual(ran.flatMap(({ generated }) => generated).sort(), crowd.keys.toSorted());
  // Of each key the three records (claim, stored, asked) and the four files of one generation.
  assert.equal((await crowd.files()).count, crowd.keys.length * 7);
}
