import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OUTPUTS } from '../../src/outputs.ts';
import { describeWith } from '../programs/index.ts';
import { aFolder, keyturn, type Ran } from './keyturn.ts';

/** Plans that are saved, looked at, approved by signature and carried out, with the built command and ssh-keygen. */

let prepared: Awaited<ReturnType<typeof aFolder>>;
let folder: string;
let close: () => Promise<void>;

const KEY = 'desk/spot';
const POLICY = `apiVersion: keyturn/v1
account: desk
venue: binance
defaults: { algorithm: ed25519, ipAllowlist: [203.0.113.7] }
keys:
  - { name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }
  - { name: tax, application: books, purpose: tax-data, rotateEvery: 30d, owner: desk-b }
`;

beforeAll(async () => {
  prepared = await aFolder();
  expect((await keyturn(['init', '--account', 'unused'], { cwd: prepared.folder })).status).toBe(0);
  await writeFile(join(prepared.folder, 'policies/unused.yaml'), POLICY);
  expect((await keyturn(['plan', '--out', 'plan.json'], { cwd: prepared.folder })).status).toBe(0);
});
afterAll(() => prepared.close());
beforeEach(async () => {
  ({ folder, close } = await aFolder());
  await cp(prepared.folder, folder, { recursive: true });
});
afterEach(() => close());

const run = (...args: string[]) => keyturn(args, { cwd: folder });
const save = () => run('plan', '--out', 'plan.json');
const planText = () => readFileSync(join(folder, 'plan.json'), 'utf8');
const actions = ({ stdout }: Ran) =>
  JSON.parse(stdout).keys.flatMap(({ key, actions }: { key: string; actions: { action: string }[] }) =>
    actions.map(({ action }) => `${key} ${action}`),
  );
const expectSaid = ({ status, stderr }: Ran, expected: number, says: RegExp) => {
  expect(stderr).toMatch(says);
  expect(status).toBe(expected);
};
/** As a keyturn of another version, or somebody who knows how, would write it. */
const resealed = (change: (plan: Record<string, unknown>) => object) => {
  const { digest: _digest, ...plan } = JSON.parse(planText());
  const changed = change(plan);
  const digest = createHash('sha256').update(JSON.stringify(changed)).digest('hex');
  return writeFile(join(folder, 'plan.json'), JSON.stringify({ ...changed, digest }));
};

describe('a saved plan', () => {
  it('is shown as it was made, and is a plan as plan -o json prints it', async () => {
    const shown = JSON.parse((await run('plan', 'show', 'plan.json', '-o', 'json')).stdout);
    expect(shown).toEqual(JSON.parse(planText()));
    OUTPUTS.plan.parse(shown);
    OUTPUTS['saved-plan'].parse(shown);
    expect((await run('plan', 'show', 'plan.json')).stdout).toMatch(/2 of 2 keys.*\n[\s\S]*desk\/spot +generate +1 /);
    expect((await run('plan', 'show', 'plan.json', '-o', 'markdown')).stdout).toMatch(
      /\| desk\/spot \| generate \| 1 \|/,
    );
  });

  it('is carried out exactly, and holds no secret', async () => {
    expect(actions(await run('apply', 'plan.json', '-o', 'json'))).toEqual([`${KEY} generate`, 'desk/tax generate']);
    await save();
    expect(planText()).not.toMatch(/BEGIN|PRIVATE|AGE-SECRET/);
    expect(actions(await run('apply', 'plan.json', '-o', 'json'))).toEqual([`${KEY} register`, 'desk/tax register']);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['the record', () => run('apply'), /out of date.*\n.*desk\/spot: planned generate generation 1 \(no record\), now/],
    [
      'the policy of a key',
      () => writeFile(join(folder, 'policies/unused.yaml'), POLICY.replace('30d, owner: desk-a', '31d, owner: desk-a')),
      /out of date, nothing was done\n {2}desk\/spot: its policy was changed\n/,
    ],
    [
      'the list of keys',
      () => writeFile(join(folder, 'policies/unused.yaml'), POLICY.replace('name: tax', 'name: taxes')),
      /desk\/taxes is not in the plan\n {2}desk\/tax is in no policy any more/,
    ],
    [
      'the version of keyturn',
      () => resealed((plan) => ({ ...plan, version: '0.0.9' })),
      /out of date, nothing was done\n {2}it was made by keyturn 0\.0\.9/,
    ],
    [
      'the version of keyturn, and the form of plans with it',
      () => resealed((plan) => ({ ...plan, version: '9.0.0', more: 1 })),
      /was made by keyturn 9\.0\.0, this is/,
    ],
  ])('is refused with the difference when %s has moved on', async (_what, moveOn, says) => {
    await moveOn();
    expectSaid(await run('apply', 'plan.json'), 1, says);
  });

  it('stands when only the place of a key in its file has changed', async () => {
    await writeFile(join(folder, 'policies/unused.yaml'), `# moved down\n${POLICY}`);
    expect((await run('apply', 'plan.json')).status).toBe(0);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'was edited',
      () => writeFile(join(folder, 'plan.json'), planText().replace('"revision": null', '"revision": 7')),
      /edited/,
    ],
    ['is none', () => writeFile(join(folder, 'plan.json'), '{}'), /is not a saved plan/],
    ['is none, though sealed', () => resealed(({ version }) => ({ version })), /is not a saved plan/],
    ['is binary', () => writeFile(join(folder, 'plan.json'), Buffer.from([0xff, 0, 1])), /is not a saved plan/],
  ])('one that %s is invalid', async (_what, spoil, says) => {
    await spoil();
    expectSaid(await run('apply', 'plan.json'), 65, says);
    expectSaid(await run('plan', 'show', 'plan.json'), 65, says);
  });

  it('that cannot be written or read is said so', async () => {
    expectSaid(await run('plan', 'show', 'plan.json', '-o', 'ics'), 64, /no calendar/);
    expectSaid(await run('plan', '--out', 'no/such/folder/plan.json'), 64, /cannot be written.*ENOENT/);
    expectSaid(await run('apply', 'nowhere.json'), 65, /cannot be read.*ENOENT/);
  });
});

describeWith(['ssh-keygen'], 'approval by signature', () => {
  const ssh = (...args: string[]) => execFileSync('ssh-keygen', ['-q', ...args], { cwd: folder, stdio: 'pipe' });
  const publicHalf = (name: string) => readFileSync(join(folder, `${name}.pub`), 'utf8').trim();
  const sign = (key = 'alice', namespace = 'keyturn-plan') => {
    execFileSync('rm', ['-f', 'plan.json.sig'], { cwd: folder });
    ssh('-Y', 'sign', '-f', key, '-n', namespace, 'plan.json');
  };
  const allow = (line: string, file = 'allowed_signers') => writeFile(join(folder, file), `${line}\n`);
  const apply = (...args: string[]) => run('apply', 'plan.json', '--require-approved', ...args);

  beforeEach(async () => {
    for (const name of ['alice', 'mallory']) ssh('-t', 'ed25519', '-N', '', '-C', name, '-f', name);
    await allow(`alice@desk namespaces="keyturn-plan",valid-before="29991231" ${publicHalf('alice')}`);
  });

  it('a plan that an allowed signer signed is carried out, and its signer named', async () => {
    sign();
    expectSaid(await apply(), 0, /plan\.json was approved by alice@desk/);
  });

  it('signature and allowed signers may be elsewhere, and naming one demands approval', async () => {
    sign();
    execFileSync('mv', ['plan.json.sig', 'yes.sig'], { cwd: folder });
    await allow(`bob@desk ${publicHalf('mallory')}`, 'others');
    expectSaid(await run('apply', 'plan.json', '--signature', 'no.sig'), 1, /has no signature/);
    expectSaid(
      await run('apply', 'plan.json', '--allowed-signers', 'others', '--signature', 'yes.sig'),
      1,
      /by nobody in/,
    );
    expectSaid(await apply('--signature', 'yes.sig'), 0, /approved by alice@desk/);
  });

  it.each<[string, number, RegExp, () => unknown]>([
    ['nobody signed', 1, /has no signature.*\n.*ssh-keygen -Y sign -f KEY -n keyturn-plan/, () => undefined],
    ['somebody else signed', 1, /was signed by nobody in .*allowed_signers/, () => sign('mallory')],
    ['was signed for something else', 1, /made for another purpose/, () => sign('alice', 'file')],
    [
      'was signed with an expired key',
      1,
      /with a key that has expired/,
      async () => {
        sign();
        await allow(`alice@desk valid-before="20200101" ${publicHalf('alice')}`);
      },
    ],
    [
      'was signed with a key that is not valid yet',
      1,
      /with a key that is not valid yet/,
      async () => {
        sign();
        await allow(`alice@desk valid-after="22000101" ${publicHalf('alice')}`);
      },
    ],
    [
      'was signed with a key that may sign other things only',
      1,
      /may not sign for keyturn-plan/,
      async () => {
        sign();
        await allow(`alice@desk namespaces="git" ${publicHalf('alice')}`);
      },
    ],
    [
      'was edited after it was signed, by somebody who can seal plans',
      65,
      /is not what was signed/,
      async () => {
        sign();
        await resealed((plan) => ({ ...plan, keys: [] }));
      },
    ],
    [
      'has a damaged signature',
      65,
      /no signature that ssh-keygen understands/,
      () => writeFile(join(folder, 'plan.json.sig'), 'x'),
    ],
    [
      'nobody may approve',
      1,
      /allowed signers .* cannot be read/,
      () => {
        sign();
        execFileSync('rm', ['allowed_signers'], { cwd: folder });
      },
    ],
    [
      'is to be approved by a file that lists no signer',
      1,
      /cannot be checked .*allowed_signers:1: missing key/,
      async () => {
        sign();
        await allow('alice@desk nothing');
      },
    ],
  ])('a plan that %s is refused and nothing done', async (_what, status, says, prepare) => {
    await prepare();
    expectSaid(await apply(), status, says);
    expect(existsSync(join(folder, '.keyturn/store/desk'))).toBe(false);
  });

  it('without ssh-keygen that is said, and nothing done', async () => {
    sign();
    const without = await keyturn(['apply', 'plan.json', '--require-approved'], {
      cwd: folder,
      env: { PATH: '/nowhere' },
    });
    expectSaid(without, 1, /ssh-keygen cannot be run \(ENOENT\).*\n.*install OpenSSH/);
  });

  it('requireApproved in keyturn.yaml demands it of every apply, except for keys marked compromised', async () => {
    expect((await run('apply')).status).toBe(0);
    await writeFile(
      join(folder, 'keyturn.yaml'),
      'apiVersion: keyturn/v1\nrequireApproved: true\nallowedSigners: who\n',
    );
    await allow(`alice@desk ${publicHalf('alice')}`, 'who');
    await save();
    expectSaid(await run('apply', '--yes'), 1, /only approved plans are carried out here/);
    expectSaid(await run('apply', 'plan.json'), 1, /has no signature/);
    sign();
    expectSaid(await run('apply', 'plan.json'), 0, /approved by alice@desk/);
    expect((await run('rotate', KEY, '--compromised', '--generation', '1', '--reason', 'leaked')).status).toBe(0);
    expect(actions(await run('apply', '-o', 'json'))).toEqual(
      expect.arrayContaining([`${KEY} generate`, `${KEY} register`]),
    );
    expectSaid(await run('apply', 'plan.json'), 1, /out of date/);
  });
});
