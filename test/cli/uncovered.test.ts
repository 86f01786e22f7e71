import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aFolder, keyturn } from './keyturn.ts';

/** A key left its policy; its record and its material stay. */

let folder: string;
let close: () => Promise<void>;
const run = (...args: string[]) => keyturn(args, { cwd: folder });
const policy = (...names: string[]) =>
  writeFile(
    join(folder, 'policies/desk.yaml'),
    `apiVersion: keyturn/v1
account: desk
venue: sandbox
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys:
${names.map((name) => `  - { name: ${name}, application: ${name}, purpose: tax-data, rotateEvery: 30d, owner: desk-a }\n`).join('')}`,
  );

beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await run('init', '--account', 'desk');
  await policy('stays', 'left');
  await run('apply');
  await policy('stays');
});
afterEach(() => close());

describe('a key that left its policy', () => {
  it('stands in the status, by its name, too', async () => {
    const { keys } = JSON.parse((await run('status', '-o', 'json')).stdout);
    expect(keys.map(({ key, phase }: Record<string, string>) => `${key} ${phase}`).sort()).toEqual([
      'desk/left uncovered',
      'desk/stays registering',
    ]);
    expect(await run('status', 'desk/left')).toMatchObject({ status: 0, stdout: /desk\/left +uncovered/ });
  });

  it('is a finding of an audit', async () => {
    const { status, stdout } = await run('audit', '-o', 'json');
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ keys: 1, findings: [{ subject: 'desk/left', code: 'uncovered' }] });
  });

  it('keeps its evidence within reach of auditors', async () =>
    expect(await run('evidence', 'desk/left')).toMatchObject({ status: 0, stdout: /# Evidence of desk\/left/ }));

  it('is nothing to act on: what says so names it, and no other key', async () => {
    const acting = [
      ['task', 'desk/left'],
      ['register', 'desk/left', 'a'.repeat(64)],
      ['rotate', 'desk/left', '--compromised', '--reason', 'leak'],
      ['rollback', 'desk/left', '--reason', 'x'],
      ['attest', 'desk/left', '--reason', 'x'],
      ['verify', 'desk/left'],
    ];
    for (const args of acting) {
      const { status, stderr } = await run(...args);
      expect({ args, status, stderr }).toEqual({
        args,
        status: 64,
        stderr: expect.stringMatching(/desk\/left any more: nothing is done for it\n.*adopt KEY --from desk\/left/),
      });
    }
  });

  it('is not taken for one that never was', async () => {
    for (const command of ['status', 'audit', 'evidence'])
      expect(await run(command, 'desk/stais')).toMatchObject({ status: 64, stderr: /did you mean desk\/stays\?/ });
  });
});

it('a key that was carried over is uncovered no more, and by its old name says where it went', async () => {
  await policy('stays', 'heir');
  expect(await run('adopt', 'desk/heir', '--from', 'desk/left')).toMatchObject({ status: 0 });
  for (const command of ['status', 'audit', 'evidence'])
    expect(await run(command, 'desk/left')).toMatchObject({ status: 64, stderr: /desk\/left goes on as desk\/heir/ });
  expect((await run('status')).stdout).not.toContain('desk/left');
});

describe('a store that cannot be asked for such keys', () => {
  beforeEach(async () => {
    await writeFile(join(folder, 'keyturn.yaml'), CONFIGURATION);
    await writeFile(join(folder, 'elsewhere'), 'no folder');
  });

  it.each(['status', 'audit'])('hides nothing else: %s', async (command) => {
    const { status, stdout, stderr } = await run(command);
    expect(status).toBe(1);
    expect(stderr).toMatch(/keyturn: store other: .*elsewhere/);
    expect(stdout).toContain('desk/left');
  });

  it('may have the one that is asked for', async () =>
    expect(await run('evidence', 'desk/gone')).toMatchObject({ status: 1, stderr: /not every store could be asked/ }));
});

it('a store that cannot be opened is not taken for the one that has such a key', async () => {
  await writeFile(join(folder, 'keyturn.yaml'), UNOPENED);
  const { stdout } = await run('doctor', '--offline', '-o', 'json');
  const { findings } = JSON.parse(stdout) as { findings: { code: string; subject: string }[] };
  const about = findings.map(({ code, subject }) => `${code} ${subject}`);
  expect(about).toContain('uncovered desk/left');
  expect(about).toContain('store-unreachable sealed');
  expect(about).not.toContain('store-unreachable local');
});

const UNOPENED = `apiVersion: keyturn/v1
stores:
  sealed: { kind: vault, address: "https://127.0.0.1:1", ca: nowhere.pem, auth: { kind: token, token: { env: TOKEN } } }
`;

const CONFIGURATION = `apiVersion: keyturn/v1
stores:
  other: { kind: directory, path: elsewhere, identity: { file: .keyturn/identity.txt } }
`;
