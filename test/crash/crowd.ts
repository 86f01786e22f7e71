import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pLimit from 'p-limit';
import { createLogger } from '../../src/log.ts';
import { readRecord } from '../../src/records.ts';
import { dependenciesOf } from '../../src/run.ts';
import { look, pass } from '../../src/tick.ts';
import { createEmbeddedIdentities } from '../../src/wire.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';
import type { Place } from './places.ts';

/** Many keys in one store, and many `keyturn apply` at them at once. */

export interface Ran {
  status: number | null;
  seconds: number;
  /** Most memory it ever held. */
  megabytes: number;
  /** Keys for which it made a pair. */
  generated: string[];
  /** What stood in the way of keys, as it told people. */
  errors: string[];
}

export interface Crowd {
  keys: string[];
  /** Runs the real command, as often at once as is wanted. */
  apply(workers: number): Promise<Ran[]>;
  /**
   * The same, each worker killed by SIGKILL again and again after up to so many milliseconds and followed by the next, then
   * runs in peace until nothing is left to do. Returns how many were killed.
   */
  applyUnderFire(workers: number, rounds: number, atMostMs: number): Promise<number>;
  /** Throws unless every key has one pair that opens, its own record of it, and nothing else lies in the store. */
  expectWhole(): Promise<void>;
  /** What lies in a directory store. */
  files(): Promise<{ count: number; bytes: number }>;
  /** The heap in use after each of so many passes of one process. */
  heapOver(passes: number): Promise<number[]>;
  close(): Promise<void>;
}

/** As many as leave room for one in overlap. */
const KEYS_PER_ACCOUNT = 29;

/** `claim`: seconds after which others take over what a killed worker had in hand; by default as long as keyturn’s own. */
export async function aCrowd(count: number, place: Place, { claim }: { claim?: number } = {}): Promise<Crowd> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-many-'));
  await createEmbeddedIdentities(join(folder, '.keyturn'));
  await writeFile(
    join(folder, 'keyturn.yaml'),
    `apiVersion: keyturn/v1\nstores: ${JSON.stringify(place.stores)}\n${claim ? `claim: { for: ${claim}s, margin: 2s }\n` : ''}`,
  );
  await mkdir(join(folder, 'policies'));
  const names = Array.from({ length: count }, (_, index) => [
    `account-${Math.floor(index / KEYS_PER_ACCOUNT)}`,
    `key-${index}`,
  ]);
  for (const account of new Set(names.map(([each]) => each))) {
    const entries = names.filter(([each]) => each === account).map(([, name]) => entry(name ?? ''));
    await writeFile(
      join(folder, 'policies', `${account}.yaml`),
      `${head(account ?? '', place.store)}${entries.join('')}`,
    );
  }
  const keys = names.map((parts) => parts.join('/'));
  const started: ChildProcess[] = [];
  const start = () => {
    const worker = apply(folder, place.env);
    started.push(worker.child);
    return worker;
  };
  return {
    keys,
    apply: (workers) => times(workers, () => ended(start())),
    async applyUnderFire(workers, rounds, atMostMs) {
      const killed = await times(workers, async () => {
        let shots = 0;
        for (let round = 0; round < rounds; round += 1) {
          const { child, ran } = start();
          await sleep(Math.random() * atMostMs);
          if (child.kill('SIGKILL')) shots += 1;
          await ran;
        }
        return shots;
      });
      // Others keep away from what a killed worker had in hand until its claim is over.
      while (await isUnfinished(folder, place.env)) {
        const { errors } = await ended(start());
        assert.deepEqual(errors, []);
        await sleep(1_000);
      }
      return killed.reduce((sum, each) => sum + each, 0);
    },
    expectWhole: () => expectWhole(folder, place.env),
    files: () => filesIn(join(folder, '.keyturn/store')),
    heapOver: (passes) => heapOver(folder, passes),
    async close() {
      // Those that go on although another one failed.
      for (const child of started) child.kill('SIGKILL');
      await Promise.all([place.close(), rm(folder, { recursive: true, force: true })]);
    },
  };
}

const times = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work));

const head = (account: string, store: string): string => `apiVersion: keyturn/v1
account: ${account}
store: ${store}
venue: binance
defaults: { algorithm: ed25519, ipAllowlist: [203.0.113.7] }
keys:
`;
const entry = (name: string): string =>
  `  - { name: ${name}, application: ${name}, purpose: trading-data, rotateEvery: 30d, owner: desk }\n`;

/** The process says at its end, on a pipe of its own, how much memory it took. */
const SAY_MEMORY =
  '--import=data:text/javascript,import{writeSync}from"node:fs";process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))';

/** `ran` is null for one that was killed. */
function apply(folder: string, env: Record<string, string>): { child: ChildProcess; ran: Promise<Ran | null> } {
  const began = Date.now();
  const child = spawn(
    process.execPath,
    [SAY_MEMORY, resolve('dist/main.js'), 'apply', '--yes', '-o', 'json', '--log-level', 'warn'],
    { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
  );
  let stdout = '';
  let memory = '';
  child.stdio[1]?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stdio[3]?.on('data', (chunk) => {
    memory += chunk;
  });
  const ran = once(child, 'close').then((ended) => {
    const [status] = ended as [number | null];
    if (status === null) return null;
    const { keys } = JSON.parse(stdout) as { keys: Reported[] };
    const made = keys.filter(({ actions }) =>
      actions.some(({ action, outcome }) => `${action} ${outcome}` === 'generate done'),
    );
    return {
      status,
      seconds: (Date.now() - began) / 1000,
      megabytes: Math.round(Number(memory) / 1024),
      generated: made.map(({ key }) => key),
      errors: keys.flatMap(({ key, error }) => (error === null ? [] : [`${key}: ${error}`])),
    };
  });
  return { child, ran };
}

interface Reported {
  key: string;
  error: string | null;
  actions: { action: string; outcome: string }[];
}

async function ended({ ran }: ReturnType<typeof apply>): Promise<Ran> {
  const applied = await ran;
  if (applied === null) throw new Error('a worker was killed by somebody else');
  return applied;
}

/** With the login of the crowd’s workers. */
async function inside<T>(folder: string, env: Place['env'], work: (workspace: Workspace) => Promise<T>): Promise<T> {
  Object.assign(process.env, env);
  const workspace = await openWorkspace({ config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies') });
  try {
    return await work(workspace);
  } finally {
    await workspace.ports.close();
  }
}

const isUnfinished = (folder: string, env: Place['env']): Promise<boolean> =>
  inside(folder, env, async ({ ports, keys, clock }) => {
    const { plan } = await look(ports.sources, keys, clock.now());
    return plan.keys.some(({ reason }) => reason !== 'waiting-for-registration');
  });

const expectWhole = (folder: string, env: Place['env']): Promise<void> =>
  inside(folder, env, async ({ ports, keys }) => {
    const ids = keys.map(({ id }) => id).sort();
    for (const name of new Set(keys.map(({ store }) => store)))
      assert.deepEqual(await (await ports.store(name)).listKeys(), ids);
    await pLimit(16).map(keys, async (key) => {
      const store = await ports.materialStore(key);
      const record = await readRecord(store, key.storedAs);
      assert.deepEqual({ key: key.id, next: record?.next }, { key: key.id, next: 1 });
      const fingerprints = record?.generations.map(({ fingerprint }) => fingerprint);
      assert.deepEqual(await store.listGenerations(key.storedAs), [1]);
      const material = await store.readMaterial(key.storedAs, 1);
      ports.keys.signer(material);
      assert.deepEqual(fingerprints, [material.fingerprint]);
    });
  });

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
  await crowd.expectWhole();
}
