import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadPort } from '../providers/loopback.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** Stores that are gone, or go while keyturn works: nothing is taken for new that may be somewhere else. */

let folder: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await keyturn(['init', '--account', 'unused'], { cwd: folder });
  await rm(join(folder, 'policies/unused.yaml'));
});
afterEach(() => close());

const configure = (stores: object) =>
  writeFile(join(folder, 'keyturn.yaml'), `apiVersion: keyturn/v1\nstores: ${JSON.stringify(stores)}\n`);

const policy = (account: string, store: string, keys = 1) =>
  writeFile(
    join(folder, `policies/${account}.yaml`),
    `apiVersion: keyturn/v1
account: ${account}
venue: binance
store: ${store}
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys:
${Array.from({ length: keys }, (_, index) => `  - { name: key-${index}, application: bot-${index}, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }\n`).join('')}`,
  );

interface Summary {
  key: string;
  error: string | null;
}
const summaries = (stdout: string): Summary[] => JSON.parse(stdout).keys;
const errorsOf = (keys: Summary[], account: string) =>
  keys.filter(({ key }) => key.startsWith(`${account}/`)).map(({ error }) => error);

describe('a folder that vanishes in the middle', () => {
  const KEYS = 25;

  it('is not made again: its keys stop, those of other stores are done', async () => {
    await configure({ volume: { kind: 'directory', path: 'volume/store' } });
    await mkdir(join(folder, 'volume'));
    await policy('desk', 'volume', KEYS);
    await policy('other', 'local', KEYS);
    const running = keyturn(['apply', '--yes', '-o', 'json'], { cwd: folder });
    while (!existsSync(join(folder, 'volume/store/desk'))) await sleep(5);
    await rename(join(folder, 'volume'), join(folder, 'unmounted'));

    const { status, stdout, stderr } = await running;
    expect(status).toBe(1);
    expect(stderr).not.toMatch(/this is a bug|at .*\.js:\d+/);
    const keys = summaries(stdout);
    expect(errorsOf(keys, 'other')).toEqual(Array(KEYS).fill(null));
    const errors = errorsOf(keys, 'desk').filter((error) => error !== null);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatch(/has vanished.*bring (it|the store) back as it was/);
    expect(existsSync(join(folder, 'volume'))).toBe(false);

    await rename(join(folder, 'unmounted'), join(folder, 'volume'));
    const { stdout: plan } = await keyturn(['plan', '-o', 'json'], { cwd: folder });
    const reasons = new Set((JSON.parse(plan).keys as { reason: string }[]).map(({ reason }) => reason));
    expect([...reasons]).not.toContain('record-lost');
  });
});

it('a store that cannot be opened keeps no key of another one waiting', async () => {
  const recipients = {
    recipients: (await readFile(join(folder, '.keyturn/recipients.txt'), 'utf8')).match(/age1\w+/g),
  };
  await configure({ shut: { kind: 'directory', path: 'shut', identity: { file: 'nowhere.txt' }, ...recipients } });
  await policy('desk', 'shut');
  await policy('other', 'local');
  const { status, stdout } = await keyturn(['apply', '--yes', '-o', 'json'], { cwd: folder });
  expect(status).toBe(1);
  expect(errorsOf(summaries(stdout), 'desk')).toEqual([expect.stringMatching(/nowhere\.txt does not exist/)]);
  expect(errorsOf(summaries(stdout), 'other')).toEqual([null]);
  expect(existsSync(join(folder, 'shut/desk'))).toBe(false);
  expect(existsSync(join(folder, '.keyturn/store/other/key-0/gen/000001'))).toBe(true);
});

describe('a new key', () => {
  it('waits while another store, which may have its record, does not answer', async () => {
    const address = `https://127.0.0.1:${await deadPort()}`;
    await configure({ vault: { kind: 'vault', address, auth: { kind: 'token', token: { env: 'TOKEN' } } } });
    await policy('desk', 'local');
    const { status, stdout } = await keyturn(['apply', '--yes', '-o', 'json'], {
      cwd: folder,
      env: { TOKEN: 'not-checked' },
    });
    expect(status).toBe(1);
    expect(errorsOf(summaries(stdout), 'desk')).toEqual([
      expect.stringMatching(
        /^store local has no record of desk\/key-0, and whether store vault has one cannot be seen \(Vault did not .*ECONNREFUSED.*\), so nothing is generated; bring store vault back .*or take it out of keyturn\.yaml/,
      ),
    ]);
    await configure({});
    expect((await keyturn(['apply', '--yes'], { cwd: folder })).status).toBe(0);
  });
});
