import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTPUTS } from '../../src/outputs.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** A person at a shell and the sandbox’s page: nothing but the built command and HTTP. */

let sandbox: Sandbox;
let folder: string;
let close: () => Promise<void>;

const KEY = 'desk/spot';
const POLICY = (schedule: string) => `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1], schedule: { lead: 1d, registerWithin: 1h, ${schedule} } }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`;

beforeEach(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null });
  ({ folder, close } = await aFolder());
  expect((await keyturn(['init', '--account', 'unused'], { cwd: folder })).status).toBe(0);
  await writeFile(join(folder, 'policies/unused.yaml'), POLICY('overlap: 0s, revokeWithin: 1h'));
  await writeFile(
    join(folder, 'keyturn.yaml'),
    `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${sandbox.url}", proof: { groups: 2, apart: 0s } } }\n`,
  );
});
afterEach(async () => {
  await sandbox.close();
  await close();
});

const run = (...args: string[]) => keyturn(args, { cwd: folder });
const json = async (name: keyof typeof OUTPUTS, ...args: string[]) => {
  const { stdout, status } = await run(...args, '-o', 'json');
  const value = JSON.parse(stdout);
  OUTPUTS[name].parse(value);
  return { status, ...value };
};
const page = (action: string, fields: Record<string, string>) =>
  fetch(`${sandbox.url}/en/my/settings/api-management/${action}`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams(fields),
  });

async function registerAtThePage(): Promise<string> {
  const { tasks } = await json('tasks', 'task', KEY);
  const { label, publicKey, ipAllowlist } = tasks.find(({ kind }: { kind: string }) => kind === 'register');
  const answer = await page('create', {
    label,
    publicKey,
    enableReading: 'on',
    enableSpotAndMarginTrading: 'on',
    ipRestrict: 'on',
    ipAllowlist: ipAllowlist.join(','),
  });
  return ((await answer.json()) as { apiKey: string }).apiKey;
}

describe('a rotation by hand', () => {
  it('goes from the first pair to a proven revocation, with the exit statuses programs rely on', async () => {
    expect((await run('plan', '--detailed-exitcode')).status).toBe(2);
    expect((await json('apply', 'apply')).keys[0].actions.map(({ action }: { action: string }) => action)).toEqual([
      'generate',
      'register',
    ]);
    expect((await run('plan', '--detailed-exitcode')).status).toBe(0);
    const first = await registerAtThePage();
    expect((await keyturn(['register', KEY, '--key-id', '-'], { cwd: folder, input: `${first}\n` })).status).toBe(0);
    expect((await json('apply', 'apply')).keys[0].actions.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'done',
      'done',
    ]);
    expect((await json('verify', 'verify', KEY)).keys[0].probes).toMatchObject([
      { role: 'current', generation: 1, verdict: 'alive' },
    ]);

    expect((await run('rotate', KEY, '--reason', 'drill', '--by', 'maria')).status).toBe(0);
    expect(await run('rotate', KEY, '--reason', 'me too')).toMatchObject({
      status: 0,
      stdout: 'a rotation of desk/spot is asked for already, by maria: drill\n',
    });
    await run('apply');
    expect((await run('evidence', KEY)).stdout).toMatch(/requestedBy: maria; requestedFor: drill/);
    expect((await run('register', KEY, await registerAtThePage())).status).toBe(0);
    const { keys } = await json('apply', 'apply');
    expect(
      keys[0].actions.map(({ action, outcome }: { action: string; outcome: string }) => `${action} ${outcome}`),
    ).toEqual(['verify done', 'promote done', 'revoke waiting', 'prove waiting']);
    const { tasks } = await json('tasks', 'tasks');
    expect(tasks).toMatchObject([{ kind: 'delete', apiKey: first, overdue: false }]);
    await page('delete', { apiKey: first });
    expect((await json('verify', 'verify', KEY)).keys[0].probes).toMatchObject([
      { role: 'current', generation: 2, verdict: 'alive' },
      { role: 'previous', generation: 1, verdict: 'inconclusive', reason: 'seen-dead' },
    ]);
    expect((await json('verify', 'verify', KEY)).keys[0].probes[1]).toMatchObject({
      verdict: 'dead',
      reason: 'proven-dead',
    });
    await run('apply');
    expect(await json('status', 'status')).toMatchObject({
      status: 0,
      keys: [{ phase: 'steady', current: { generation: 2 }, previous: null }],
    });
    expect((await run('status', '--check')).status).toBe(0);
  });

  it('is overdue when the old key stays: exit 3 of status --check and apply', async () => {
    await writeFile(join(folder, 'policies/unused.yaml'), POLICY('overlap: 0s, revokeWithin: 0s'));
    await run('apply');
    await run('register', KEY, await registerAtThePage());
    await run('apply');
    await run('rotate', KEY, '--reason', 'drill');
    await run('apply');
    await run('register', KEY, await registerAtThePage());
    expect((await run('apply')).status).toBe(3);
    expect((await run('apply')).status).toBe(3);
    expect((await run('status', '--check')).status).toBe(3);
    expect((await run('status')).status).toBe(0);
    expect((await json('status', 'status')).keys[0]).toMatchObject({ overdue: true, previous: { generation: 1 } });
  });
});

describe('plan', () => {
  const tree = (path: string): string[] =>
    readdirSync(path, { recursive: true })
      .map((name) => join(path, String(name)))
      .sort()
      .map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).isFile() ? readFileSync(file, 'utf8') : ''}`);

  it('gives the same on a store and folder that cannot be written, and changes nothing', async () => {
    await run('apply');
    const before = await json('plan', 'plan');
    const files = tree(folder);
    // Root may write anywhere, so somebody else looks.
    const uid = process.getuid?.() === 0 ? 65_534 : undefined;
    for (const name of ['.', ...(readdirSync(folder, { recursive: true }) as string[])]) {
      if (uid !== undefined) await chown(join(folder, name), uid, uid);
      await chmod(join(folder, name), statSync(join(folder, name)).isDirectory() ? 0o500 : 0o400);
    }
    const { status, stdout, stderr } = await keyturn(['plan', '-o', 'json'], {
      cwd: folder,
      ...(uid === undefined ? {} : { uid }),
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const after = JSON.parse(stdout);
    expect({ ...after, at: null }).toEqual({ ...before, status: undefined, at: null });
    expect(tree(folder)).toEqual(files);
    for (const name of ['.', ...(readdirSync(folder, { recursive: true }) as string[])])
      await chmod(join(folder, name), 0o700);
  });

  it('works without keyturn.yaml, identity or store', async () => {
    const empty = await aFolder();
    await mkdir(join(empty.folder, 'policies'));
    await writeFile(join(empty.folder, 'policies/p.yaml'), POLICY('overlap: 1h').replace('exchange', 'binance'));
    expect((await keyturn(['plan'], { cwd: empty.folder })).status).toBe(0);
    expect(readdirSync(empty.folder)).toEqual(['policies']);
    await empty.close();
  });

  it('shows another time, and the calendar of what is coming', async () => {
    expect((await run('plan', '--at', '2027-01-01')).status).toBe(0);
    expect((await run('plan', '--horizon', '90d')).stdout).toMatch(/rotation starts/);
    expect((await run('plan', '-o', 'ics')).stdout).toMatch(/^BEGIN:VCALENDAR[\s\S]*BEGIN:VEVENT/);
    expect((await run('plan', '-o', 'markdown')).stdout).toMatch(/\| desk\/spot \| generate \| 1 \|/);
  });
});
