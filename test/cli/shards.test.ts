import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aFolder, keyturn } from './keyturn.ts';

/** Several workers that share the keys, each a part of them. */

const NAMES = Array.from({ length: 40 }, (_, index) => `key-${index}`);
const accountOf = (index: number): string => (index < 20 ? 'first' : 'second');
const IDS = NAMES.map((name, index) => `${accountOf(index)}/${name}`);

let folder: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await keyturn(['init', '--account', 'first'], { cwd: folder });
  for (const account of ['first', 'second']) writeFileSync(join(folder, `policies/${account}.yaml`), policyOf(account));
});
afterEach(() => close());

const policyOf = (account: string): string => `apiVersion: keyturn/v1
account: ${account}
venue: sandbox
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys:
${IDS.filter((id) => id.startsWith(account))
  .map((id) => id.split('/')[1])
  .map((name) => `  - { name: ${name}, application: ${name}, purpose: trading-data, rotateEvery: 30d, owner: desk }\n`)
  .join('')}`;

interface Reported {
  key: string;
  error: string | null;
  actions: { action: string; outcome: string }[];
}

const APPLY = ['apply', '--yes', '-o', 'json', '--log-level', 'warn'];

async function apply(shard: string, at = new Date()): Promise<Reported[]> {
  const { status, stdout, stderr } = await keyturn([...APPLY, '--shard', shard, '--at', at.toISOString()], {
    cwd: folder,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout).keys;
}

const didMake = ({ actions }: Reported): boolean =>
  actions.some(({ action, outcome }) => action === 'generate' && outcome === 'done');
const isBegun = (id: string): boolean => existsSync(join(folder, '.keyturn/store', id));
const pairs = (id: string): string => join(folder, '.keyturn/store', id, 'gen');

/** Kills a shard when it has stored its first pair: of that one and of others it holds the claim. */
async function killedAtWork(shard: string): Promise<void> {
  const worker = spawn(process.execPath, [resolve('dist/main.js'), ...APPLY, '--shard', shard], {
    cwd: folder,
    stdio: 'ignore',
  });
  await vi.waitUntil(() => IDS.some((id) => existsSync(join(pairs(id), '000001'))), { interval: 1, timeout: 30_000 });
  worker.kill('SIGKILL');
  expect((await once(worker, 'exit'))[1]).toBe('SIGKILL');
}

it('a shard that is killed in the middle is taken over by its next run, once its claims are over', async () => {
  const began = Date.now();
  await killedAtWork('1/2');
  const begun = IDS.filter(isBegun);
  expect(begun.every((id) => id.startsWith('second/'))).toBe(true);

  const [first, retried] = await Promise.all([apply('0/2'), apply('1/2')]);
  expect(first.filter(didMake).map(({ key }) => key)).toEqual(IDS.filter((id) => id.startsWith('first/')));
  const left = retried.filter((each) => !didMake(each)).map(({ key }) => key);
  expect(left.length).toBeGreaterThan(0);
  expect(begun).toEqual(expect.arrayContaining(left));

  // A claim holds for 15 minutes, and nobody takes over within two more.
  const after = new Date(began + 18 * 60_000);
  const takenOver = await apply('1/2', after);
  expect(takenOver.filter(didMake).map(({ key }) => key)).toEqual(left);
  expect((await apply('1/2', after)).flatMap(({ actions }) => actions)).toEqual([]);
  // What was being written when it was killed may lie beside it, and is nothing.
  const generationsOf = (id: string) => readdirSync(pairs(id)).filter((name) => !name.startsWith('.tmp-'));
  for (const id of IDS) expect([id, generationsOf(id)]).toEqual([id, ['000001']]);
});
