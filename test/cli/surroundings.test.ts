import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { aFolder, keyturn, type Ran } from './keyturn.ts';
import { aMountNamespace, describeWithMounts, type Mounts } from './mounts.ts';

/** The embedded store where a machine lets it down: nothing is lost, the user reads what to do, and the next run goes on. */

const KEYS = ['a', 'b', 'c', 'd'];
const policyOf = (keys: readonly string[]): string => `apiVersion: keyturn/v1
account: desk
venue: sandbox
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys:
${keys.map((name) => `  - { name: ${name}, application: ${name}, purpose: trading-data, rotateEvery: 30d, owner: desk }\n`).join('')}`;

let folder: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await keyturn(['init', '--account', 'desk'], { cwd: folder });
  await writeFile(join(folder, 'policies/desk.yaml'), policyOf(KEYS));
});
afterEach(() => close());

interface Applied extends Ran {
  generated: string[];
  errors: string[];
}

async function apply(via: readonly string[], ...more: string[]): Promise<Applied> {
  const ran = await keyturn(['apply', '--yes', '-o', 'json', '--log-level', 'warn', ...more], { cwd: folder, via });
  if (!ran.stdout) return { ...ran, generated: [], errors: [] };
  const { keys } = JSON.parse(ran.stdout) as {
    keys: { key: string; error: string | null; actions: { action: string; outcome: string }[] }[];
  };
  return {
    ...ran,
    generated: keys.filter(({ actions }) => actions[0]?.action === 'generate').map(({ key }) => key),
    errors: keys.flatMap(({ error }) => (error === null ? [] : [error])),
  };
}

describeWithMounts('a store on a file system of its own', () => {
  const store = '.keyturn/store';
  let mounts: Mounts;
  beforeEach(async () => {
    await mkdir(join(folder, store), { mode: 0o700 });
    mounts = await aMountNamespace(folder);
    await mounts.run('mount', '-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', store);
  });
  afterEach(() => mounts.end());

  const generationsOf = async (key: string): Promise<string[]> =>
    (await mounts.run('ls', `${store}/desk/${key}/gen`)).split('\n').filter(Boolean);

  /** Leaves so many blocks of 4 KiB: each record and each file of a pair takes one. */
  const fillBut = (blocks: number) => mounts.run('fallocate', '-l', `${(256 - blocks) * 4096}`, `${store}/filler`);

  it.each([0, 1, 3, 5, 8])('that is full but for %i blocks', async (blocks) => {
    await fillBut(blocks);
    const full = await apply(mounts.via);
    expect(full.status).toBe(1);
    for (const error of full.errors.length > 0 ? full.errors : [full.stderr])
      expect(error).toMatch(/no space left for .*make room/s);
    await mounts.run('rm', `${store}/filler`);
    // Who could not even give a claim back is waited for.
    const mended = [
      await apply(mounts.via),
      await apply(mounts.via, '--at', new Date(Date.now() + 20 * 60_000).toISOString()),
    ];
    expect(mended.map(({ status, errors }) => [status, errors])).toEqual([
      [0, []],
      [0, []],
    ]);
    expect([...full.generated, ...mended.flatMap(({ generated }) => generated)].sort()).toEqual(
      KEYS.map((key) => `desk/${key}`),
    );
    for (const key of KEYS) expect(await generationsOf(key)).toEqual(['000001']);
  });

  it('that becomes read-only: plan and status go on, apply says so', async () => {
    await apply(mounts.via);
    await writeFile(join(folder, 'policies/desk.yaml'), policyOf([...KEYS, 'e']));
    await mounts.run('mount', '-o', 'remount,ro', store);
    const refused = await apply(mounts.via);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/read-only[\s\S]*mount it writable; plan works meanwhile/);
    for (const command of ['plan', 'status', 'tasks'])
      expect((await keyturn([command], { cwd: folder, via: mounts.via })).status).toBe(0);
    await mounts.run('mount', '-o', 'remount,rw', store);
    expect(await apply(mounts.via)).toMatchObject({ status: 0, generated: ['desk/e'] });
  });

  const written: Record<string, { words: string[]; status: number; says: RegExp }> = {
    'of metrics': {
      words: ['apply', '--yes', '--metrics-file', 'FILE'],
      status: 1,
      says: /FILE cannot be written \(EROFS\)\n.*name a file/s,
    },
    'of a saved plan': {
      words: ['plan', '--out', 'FILE'],
      status: 64,
      says: /cannot be written to FILE \(EROFS\)\n.*name a file/s,
    },
    'of the sandbox': {
      words: ['sandbox', '--port', '0', '--state', 'FILE'],
      status: 1,
      says: /cannot keep its keys in FILE \(EROFS\)\n.*--state/s,
    },
  };
  it.each(Object.entries(written))('that is read-only and to hold a file %s', async (_, { words, status, says }) => {
    await apply(mounts.via);
    await mounts.run('mount', '-o', 'remount,ro', store);
    const file = join(store, 'file');
    const args = words.map((word) => word.replace('FILE', file));
    const ran = await keyturn(args, { cwd: folder, via: mounts.via });
    expect(ran.stderr.replaceAll(file, 'FILE')).toMatch(says);
    expect(ran.status).toBe(status);
  });
});

it('a file system without hard links is refused before anything is begun', async () => {
  const via = ['python3', fileURLToPath(new URL('no-links.py', import.meta.url))];
  const { status, stderr } = await apply(via);
  expect(status).toBe(1);
  expect(stderr).toMatch(/\.keyturn\/store lies on a file system without hard links\n.*ext4, xfs or btrfs/s);
  expect(readdirSync(join(folder, '.keyturn/store'))).toEqual([]);
  expect((await apply([])).generated).toHaveLength(KEYS.length);
});
