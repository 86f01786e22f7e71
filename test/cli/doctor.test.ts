import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTPUTS } from '../../src/outputs.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { aFolder, keyturn, type Ran } from './keyturn.ts';

/** The command as a process: what it prints, how it ends, and what it finds after one that was killed. */

const KEY = 'desk/spot';
const POLICY = `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: rsa-4096, ipAllowlist: [127.0.0.1] }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`;

let sandbox: Sandbox;
let folder: string;
let close: () => Promise<void>;

const run = (...args: string[]): Promise<Ran> => keyturn(args, { cwd: folder });
const write = (name: string, text: string) => writeFile(join(folder, name), text);
const configure = (url: string, stores = '') =>
  write(
    'keyturn.yaml',
    `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${url}" } }\n${stores}`,
  );

beforeEach(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null });
  ({ folder, close } = await aFolder());
  expect((await run('init', '--account', 'desk')).status).toBe(0);
  await rm(join(folder, '.keyturn/recovery.txt'));
  await write('policies/desk.yaml', POLICY);
  await configure(sandbox.url);
});
afterEach(async () => {
  await sandbox.close();
  await close();
});

interface Printed {
  status: number | null;
  findings: { code: string; severity: string; subject: string; fixable: boolean; message: string }[];
  fixed: { code: string; outcome: string; message: string }[];
}

async function doctor(...args: string[]): Promise<Printed> {
  const { status, stdout } = await run('doctor', ...args, '-o', 'json');
  const value = JSON.parse(stdout);
  OUTPUTS.doctor.parse(value);
  return { status, ...value };
}

const codes = ({ findings }: Printed) => findings.map(({ code }) => code);

describe('doctor', () => {
  it('says so when nothing is wrong, and leaves no trace', async () => {
    const files = () => (readdirSync(folder, { recursive: true }) as string[]).sort();
    const before = files();
    expect(await run('doctor')).toMatchObject({ status: 0, stdout: 'nothing found\n' });
    expect(files()).toEqual(before);
  });

  it('ends with 0 when there are warnings only, with 1 when there are errors', async () => {
    await write('.keyturn/recovery.txt', '');
    const warned = await run('doctor');
    expect(warned).toMatchObject({ status: 0, stdout: expect.stringMatching(/^warning {2}local {2}recovery-beside/) });
    await chmod(join(folder, '.keyturn/identity.txt'), 0o644);
    const failed = await run('doctor');
    expect(failed.status).toBe(1);
    expect(failed.stdout).toMatch(/^error {4}local {2}identity-open: .*mode 0644.*\n {9}chmod 600/);
    expect(failed.stdout).toMatch(/1 error, 1 warning/);
  });

  it('sums up policy warnings, and ends with 65 for errors', async () => {
    await write('policies/desk.yaml', POLICY.replace('{ name', '{ schedule: { overlap: 5m }, name'));
    expect(await doctor()).toMatchObject({ status: 0, findings: [{ code: 'policy-warnings', severity: 'warning' }] });
    await write('policies/desk.yaml', POLICY.replace('30d', '300d'));
    expect(await doctor()).toMatchObject({ status: 65, findings: [{ code: 'policy-invalid', severity: 'error' }] });
  });

  it('wants a key for --fix, and knows which there are', async () => {
    expect(await run('doctor', '--fix')).toMatchObject({ status: 64, stderr: expect.stringMatching(/--fix account/) });
    expect(await run('doctor', 'desk/spott')).toMatchObject({
      status: 64,
      stderr: expect.stringMatching(/did you mean desk\/spot\?/),
    });
  });

  it('is completed by the shell, with its options and keys', async () => {
    expect((await run('complete', '--', 'doct')).stdout).toMatch(/^doctor/);
    expect((await run('complete', '--', 'doctor', '--')).stdout).toMatch(/--fix[\s\S]*--offline/);
    expect((await run('complete', '--', 'doctor', 'desk')).stdout).toMatch(KEY);
  });

  it('finds the record of a key in another store than its policy says', async () => {
    await write('policies/desk.yaml', POLICY.replace('rsa-4096', 'ed25519'));
    expect((await run('apply')).status).toBe(0);
    const store = '{ kind: directory, path: other, identity: { file: .keyturn/identity.txt } }';
    await configure(sandbox.url, `stores: { other: ${store} }\n`);
    await write('policies/desk.yaml', POLICY.replace('venue: exchange', 'venue: exchange\nstore: other'));
    const found = await doctor();
    expect(codes(found)).toEqual(['moved-store', 'uncovered']);
    expect(found.findings).toMatchObject([{ subject: KEY, fixable: false }, { subject: KEY }]);
  });

  it('finds that it may read the store but not write it', async () => {
    await write('policies/desk.yaml', POLICY.replace('rsa-4096', 'ed25519'));
    await run('apply');
    // Root may write anywhere, so somebody else looks.
    const uid = process.getuid?.() === 0 ? 65_534 : undefined;
    const names = ['.', ...(readdirSync(folder, { recursive: true }) as string[])];
    if (uid !== undefined) for (const name of names) await chown(join(folder, name), uid, uid);
    await chmod(join(folder, '.keyturn/store'), 0o500);
    const { status, stdout } = await keyturn(['doctor'], { cwd: folder, ...(uid === undefined ? {} : { uid }) });
    await chmod(join(folder, '.keyturn/store'), 0o700);
    expect({ status, stdout }).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^error {4}local {2}store-unusable: .*may not be accessed.*\n {9}give the user/),
    });
  });

  it('finds a venue that cannot be asked as it is configured', async () => {
    const hostKey = `ssh-ed25519 ${'A'.repeat(68)}`;
    const probe = `{ ssh: { host: 127.0.0.1, user: git, hostKey: "${hostKey}" } }`;
    const service = `title: Desk, page: the desk, register: [Do it.], delete: [Undo it.], algorithms: [rsa-4096], limits: { allowlistEntries: 5 }`;
    await write(
      'keyturn.yaml',
      `apiVersion: keyturn/v1\nvenues: { exchange: { kind: manual, ${service}, probe: ${probe}, inside: { proxy: "http://127.0.0.1:1" } } }\n`,
    );
    const { status, stdout } = await run('doctor', '-o', 'json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ findings: [{ code: 'venue-unreachable', subject: 'exchange' }] });
  });

  it('finds a venue under maintenance', async () => {
    const server = createServer((request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(request.url?.includes('time') ? { serverTime: Date.now() } : { status: 1, msg: 'busy' })),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    await configure(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const found = await doctor();
    server.closeAllConnections();
    server.close();
    expect(found).toMatchObject({ status: 0, findings: [{ code: 'venue-maintenance', subject: 'exchange' }] });
    expect(codes(await doctor('--offline'))).toEqual([]);
  });
});

describe('after kill -9 in the middle of making a pair, doctor', () => {
  /** The first record announces the pair; making one of 4096 bits takes far longer than reading that. */
  async function killedApply(): Promise<void> {
    const child: ChildProcess = spawn(process.execPath, [resolve('dist/main.js'), 'apply', '--yes'], {
      cwd: folder,
      stdio: 'ignore',
    });
    const records = join(folder, '.keyturn/store', KEY, 'record');
    for (let tries = 0; tries < 1000; tries++) {
      if ((await readdir(records).catch((): string[] => [])).includes('00000001.json')) break;
      await sleep(5);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    if (newestRecord().includes('"claim"')) return;
    // A busy machine looked too late: the pair was made.
    await rm(join(folder, '.keyturn/store'), { recursive: true });
    await killedApply();
  }
  const newestRecord = () => {
    const records = join(folder, '.keyturn/store', KEY, 'record');
    return readFileSync(join(records, readdirSync(records).sort().at(-1) ?? ''), 'utf8');
  };
  const soon = () => new Date(Date.now() + 20 * 60_000).toISOString();

  it('respects the claim while it may be held, then releases it and finishes the pair', async () => {
    await killedApply();
    const held = await doctor('--fix', KEY);
    expect(held).toMatchObject({ status: 0, fixed: [], findings: [{ code: 'claimed', severity: 'info' }] });

    sandbox.turnClock(new Date(soon()));
    const over = await doctor(KEY, '--at', soon());
    expect(codes(over)).toEqual(['dead-claim', 'unfinished-step']);
    expect(over.findings.map(({ fixable }) => fixable)).toEqual([true, true]);

    const mended = await doctor('--fix', KEY, '--at', soon(), '--by', 'ann');
    expect(mended).toMatchObject({
      status: 0,
      findings: [],
      fixed: [
        { code: 'dead-claim', outcome: 'done' },
        { code: 'unfinished-step', outcome: 'done', message: expect.stringMatching(/generation 1 is stored/) },
      ],
    });
    expect(newestRecord()).toMatch(/"event":"claim-released","by":"ann"/);
    expect(codes(await doctor('--offline'))).toEqual([]);
  });
});
