import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/core/record.ts';
import { OUTPUTS } from '../../src/outputs.ts';
import { aGeneration, aRecord } from '../build.ts';
import { describeWith } from '../programs/index.ts';
import { aFolder, keyturn, type RunOptions } from './keyturn.ts';

const AT = '2026-11-25T12:00:00Z';

describeWith(['git'], 'policy diff', () => {
  let folder: string;
  let close: () => Promise<void>;
  const git = async (args: readonly string[], cwd = folder) => {
    const who = ['-c', 'user.name=desk', '-c', 'user.email=desk@example.com', '-c', 'commit.gpgsign=false'];
    return (await promisify(execFile)('git', [...who, ...args], { cwd })).stdout;
  };
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, name), text);
  };
  const commit = async (message: string) => {
    await git(['add', '--all']);
    await git(['commit', '--quiet', '--allow-empty', '-m', message]);
  };
  const diff = (args: readonly string[], options: RunOptions = {}) =>
    keyturn(['policy', 'diff', '--at', AT, ...args], { cwd: folder, ...options });

  const DESK = `apiVersion: keyturn/v1
account: desk
venue: binance
defaults:
  ipAllowlist: [203.0.113.7]
purposes:
  payouts: { permissions: [read, withdraw] }
keys:
  - { name: spot, application: maker, purpose: spot-trading, rotateEvery: 45d, owner: desk-a }
  - { name: futures, application: hedger, purpose: futures-trading, rotateEvery: 60d, owner: desk-b }
  - { name: payouts, application: treasury, purpose: payouts, rotateEvery: 30d, owner: finance }
  - { name: tax, application: tax, purpose: tax-data, rotateEvery: 90d, owner: finance }
`;

  /** A key in its thirty-sixth day, and one whose previous generation somebody has to delete. */
  const RECORDS: Record<string, KeyRecord> = {
    spot: aRecord({
      key: 'desk/spot',
      roles: { current: aGeneration(1, 'promoted', { at: '2026-10-20T12:00:00.000Z' }) },
    }),
    futures: aRecord({
      key: 'desk/futures',
      roles: {
        previous: [aGeneration(1, 'superseded', { at: '2026-11-25T06:00:00.000Z' })],
        current: aGeneration(2, 'promoted', { at: '2026-11-25T06:00:00.000Z' }),
      },
    }),
  };

  type Files = Record<string, string>;

  const edited =
    (file: string, from: string, to: string) =>
    (files: Files): Files => {
      const text = files[file] ?? '';
      if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
      return { ...files, [file]: text.replace(from, to) };
    };
  const inDesk = (from: string, to: string) => edited('policies/desk.yaml', from, to);
  const both =
    (...edits: ((files: Files) => Files)[]) =>
    (files: Files) =>
      edits.reduce((now, edit) => edit(now), files);

  const WAIVER = 'waivers:\n  - { rule: passphrase, key: tax, reason: vendor cannot decrypt, until: 2026-12-31 }\n';

  /** A year of edits, each on top of those before it. */
  const EDITS: Record<string, (files: Files) => Files> = {
    'a longer interval': inDesk('spot-trading, rotateEvery: 45d', 'spot-trading, rotateEvery: 60d'),
    'an interval so short that a key falls due': inDesk(
      'spot-trading, rotateEvery: 60d',
      'spot-trading, rotateEvery: 35d',
    ),
    'a shorter overlap, and more time to delete': inDesk(
      'owner: desk-b }',
      'owner: desk-b, schedule: { overlap: 12h, revokeWithin: 4d } }',
    ),
    'one address for another': inDesk('[203.0.113.7]', '[203.0.113.8]'),
    'a wider network': inDesk('[203.0.113.8]', '[203.0.113.0/28]'),
    'the same network in two halves': inDesk('[203.0.113.0/28]', '[203.0.113.0/29, 203.0.113.8/29]'),
    'a single address again': inDesk('[203.0.113.0/29, 203.0.113.8/29]', '[203.0.113.7]'),
    'an allowlist emptied for one key': inDesk(
      'rotateEvery: 90d, owner: finance',
      'rotateEvery: 90d, ipAllowlist: [], owner: finance',
    ),
    'a purpose that may do more': inDesk('[read, withdraw]', '[read, withdraw, transfer]'),
    'a stronger algorithm for all, a weaker one for a key': inDesk('defaults:\n', 'defaults:\n  algorithm: rsa-4096\n'),
    'a key that takes ed25519': inDesk('rotateEvery: 35d, owner', 'rotateEvery: 35d, algorithm: ed25519, owner'),
    'no passphrase, with a waiver': both(
      inDesk('ipAllowlist: [], owner', 'ipAllowlist: [], passphrase: none, owner'),
      (files) => ({
        ...files,
        'policies/desk.yaml': files['policies/desk.yaml'] + WAIVER,
      }),
    ),
    'that waiver prolonged': inDesk('until: 2026-12-31', 'until: 2027-06-30'),
    'that waiver and its cause removed': both(
      inDesk('passphrase: none, ', ''),
      inDesk(WAIVER.replace('2026-12-31', '2027-06-30'), ''),
    ),
    'a freeze for everybody': inDesk(
      'defaults:\n',
      'defaults:\n  schedule: { freezes: [{ from: 2026-12-21, to: 2027-01-01, reason: year end }] }\n',
    ),
    'that freeze shortened': inDesk('to: 2027-01-01', 'to: 2026-12-28'),
    'a new account': (files) => ({
      ...files,
      'policies/fund/fund.yaml': `apiVersion: keyturn/v1
account: fund
venue: binance
keys:
  - { name: spot, application: fund, purpose: spot-trading, rotateEvery: 30d, owner: desk-a, ipAllowlist: [198.51.100.4] }
`,
    }),
    'a key renamed, and its record kept': inDesk('name: spot,', 'name: maker-spot, formerly: spot,'),
    'a key renamed, and its record forgotten': inDesk('name: tax,', 'name: tax-report,'),
    'comments, order, and another file': (files) => ({
      ...files,
      'policies/desk.yaml': `# The desk.\n${files['policies/desk.yaml']?.replace(/^.*name: payouts.*\n/m, '')}`,
      'policies/payouts.yaml': `apiVersion: keyturn/v1
account: desk
venue: binance
defaults: { algorithm: rsa-4096, ipAllowlist: [203.0.113.7], schedule: { freezes: [{ from: 2026-12-21, to: 2026-12-28, reason: year end }] } }
purposes: { payouts: { permissions: [transfer, read, withdraw] } }
keys: [{ name: payouts, application: treasury, purpose: payouts, rotateEvery: 30d, owner: finance }]
`,
    }),
    'another owner, and office hours to wait for': both(
      inDesk('owner: desk-b', 'owner: desk-a'),
      inDesk(
        'schedule: { freezes',
        'schedule: { onMissedWindow: wait, windows: [{ days: [mon, tue], from: "09:00", to: "16:00", timeZone: Europe/London }], freezes',
      ),
    ),
    'a key removed': (files) => ({
      ...files,
      'policies/desk.yaml': files['policies/desk.yaml']?.replace(/^.*name: futures.*\n/m, '') ?? '',
    }),
  };

  beforeAll(async () => {
    ({ folder, close } = await aFolder());
    await git(['init', '--quiet', '--initial-branch', 'main']);
    await write('.gitignore', '.keyturn/\n');
    for (const [name, record] of Object.entries(RECORDS))
      await write(`.keyturn/store/desk/${name}/record/00000001.json`, JSON.stringify(record));
    await write('policies/desk.yaml', DESK);
    await commit('first');
  });
  afterAll(() => close());

  describe('on a history of policy edits, each diff says what a careful reviewer would say of', () => {
    let files: Files = { 'policies/desk.yaml': DESK };
    it.each(
      Object.entries(EDITS).map(([what, edit], index) => ({ what, edit, number: `${index + 1}`.padStart(2, '0') })),
    )('$what', async ({ what, edit, number }) => {
      files = edit(files);
      for (const [name, text] of Object.entries(files)) await write(name, text);
      await commit(what);
      const { status, stdout, stderr } = await diff(['HEAD~1', 'HEAD', '--detailed-exitcode']);
      const edit_ = await git(['diff', '-U0', 'HEAD~1', 'HEAD']);
      const lines = edit_.split('\n').filter((line) => /^[-+]/.test(line));
      const transcript = `# ${what}\n\n${lines.join('\n')}\n\n$ keyturn policy diff HEAD~1 HEAD --detailed-exitcode\n${stdout}${stderr}(exit ${status})\n`;
      await expect(transcript).toMatchFileSnapshot(
        `../fixtures/policy-diff/${number}-${what.replace(/\W+/g, '-')}.txt`,
      );
    });

    it('all of it together, with the published shape', async () => {
      const { status, stdout } = await diff(['HEAD~22', 'HEAD', '-o', 'json', '--detailed-exitcode']);
      expect(status).toBe(2);
      const { relaxes, keys, count } = OUTPUTS['policy-diff'].parse(JSON.parse(stdout));
      expect({ relaxes, count }).toMatchObject({ relaxes: true, count: { before: 4, after: 4 } });
      expect(keys.map(({ key, formerly, change }) => `${change} ${formerly ?? ''} ${key}`)).toEqual([
        'renamed desk/spot desk/maker-spot',
        'renamed desk/tax desk/tax-report',
        'added  fund/spot',
        'changed  desk/payouts',
        'removed  desk/futures',
      ]);
      expect((await diff(['HEAD~22', 'HEAD'])).stdout).toMatch(/; 5 of 5 keys .*affected/);
    });
  });

  describe('revisions and folders', () => {
    it('from below the top of the repository, and with policies elsewhere in it', async () => {
      const below = await diff(['HEAD~1', 'HEAD', '--policies', '../policies'], { cwd: join(folder, 'policies') });
      const above = await diff(['HEAD~1', 'HEAD', '--policies', join(folder, 'policies')], { cwd: '/' });
      expect(below.stdout).toContain('removed desk/futures');
      expect(above.stdout).toContain('removed desk/futures');
    });

    it('a revision against the folder as it is, and nothing is written', async () => {
      const { status, stdout } = await diff(['HEAD~1', './policies']);
      expect(stdout).toContain('removed desk/futures');
      expect(status).toBe(0);
      expect(await git(['status', '--porcelain'])).toBe('');
    });

    it('in a hook, where git has set its variables', async () => {
      const env = { GIT_DIR: join(folder, 'nowhere'), GIT_INDEX_FILE: '/nowhere' };
      expect((await diff(['HEAD~1', 'HEAD'], { env })).stdout).toContain('removed desk/futures');
    });

    it('for a pull request, in Markdown in which words of others mean nothing', async () => {
      await write('other/desk.yaml', DESK.replace('owner: desk-a', 'owner: "[a](http://x) <b>*|"'));
      const { stdout } = await diff(['./policies', './other', '-o', 'markdown']);
      expect(stdout).toMatch(/^### keyturn: /);
      expect(stdout).toContain('\\[a\\](http://x) &lt;b>\\*\\|');
      await rm(join(folder, 'other'), { recursive: true });
    });

    it('two folders, without git and with a store that cannot be read', async () => {
      const other = await aFolder({
        'keyturn.yaml':
          'apiVersion: keyturn/v1\nstores: { v: { kind: vault, address: "http://127.0.0.1:9", auth: { kind: token, token: { env: NONE } } } }\n',
      });
      for (const [name, text] of Object.entries({ old: DESK, new: DESK.replace('45d', '60d') })) {
        await mkdir(join(other.folder, name));
        await writeFile(join(other.folder, name, 'desk.yaml'), text.replace('venue:', 'store: v\nvenue:'));
      }
      const { status, stdout } = await diff(['old', 'new'], { cwd: other.folder, env: { PATH: '/nowhere' } });
      expect(stdout).toMatch(/desk\/spot\n.*15d longer.*\n.*\n {2}dates {6}falls due 15d later\n/);
      expect(stdout).toMatch(
        /Told from the policies alone: .*\nStore v was not read: environment variable NONE is not set/,
      );
      expect(status).toBe(0);
      await other.close();
    });

    it('with the rules that people wrote, as they were at that revision', async () => {
      const other = await aFolder();
      const cwd = other.folder;
      const errorsAt: number[] = [];
      await mkdir(join(cwd, 'policies'));
      await writeFile(join(cwd, 'policies/desk.yaml'), DESK);
      await git(['init', '--quiet'], cwd);
      for (const limit of ['days(90)', 'days(45)']) {
        const rule = `{ id: custom/young, message: too old, expression: 'key.rotateEvery <= ${limit}' }`;
        await writeFile(join(cwd, 'policies/x.rules.yaml'), `apiVersion: keyturn/v1\nrules: [${rule}]\n`);
        await git(['add', '--all'], cwd);
        await git(['commit', '--quiet', '-m', limit], cwd);
        const { problems } = JSON.parse((await keyturn(['policy', 'check', '-o', 'json'], { cwd })).stdout);
        errorsAt.push(problems.filter(({ severity }: { severity: string }) => severity === 'error').length);
      }
      const { errors } = JSON.parse((await diff(['HEAD~1', 'HEAD', '-o', 'json'], { cwd })).stdout);
      expect(errors).toEqual({ base: 0, head: 2 });
      expect(errorsAt).toEqual([0, 2]);
      await other.close();
    });

    it('everything is added where BASE has no policies yet', async () => {
      const { stdout } = await diff(['HEAD', './policies', '--policies', 'policies/none']);
      expect(stdout).toContain('HEAD has no policies there: everything is added.');
    });
  });

  describe('what cannot be compared is refused with one sentence and what to do', () => {
    const said = async (args: readonly string[], options?: RunOptions) => {
      const { status, stdout, stderr } = await diff(args, options);
      expect(stdout).toBe('');
      return `${status} ${stderr}`;
    };

    it('outside of a git repository', async () => {
      const other = await aFolder();
      expect(await said(['main', 'HEAD'], { cwd: other.folder })).toMatch(
        /^64 .* is in no git repository\n.*hint: clone it with git, or compare two folders: keyturn policy diff OLD/,
      );
      await other.close();
    });

    it('without git', async () =>
      expect(await said(['main', 'HEAD'], { env: { PATH: '/nowhere' } })).toMatch(/^1 .*git is not installed/));

    it.each(['nope', '--upload-pack=x', '-x', 'HEAD~999', '', 'HEAD\nHEAD', 'HEAD:policies'])(
      'the unknown revision “%s”',
      async (revision) =>
        expect(await said(['--', revision, 'HEAD'])).toMatch(/^64 .*neither a folder nor a git revision\n.*git fetch/s),
    );

    it('a revision that a shallow clone does not have', async () => {
      const other = await aFolder();
      await git(['clone', '--quiet', '--depth', '1', `file://${folder}`, 'clone'], other.folder);
      expect(await said(['HEAD~1', 'HEAD'], { cwd: join(other.folder, 'clone') })).toMatch(
        /^64 .*this clone is shallow and does not have “HEAD~1”\n.*fetch-depth: 0/,
      );
      await other.close();
    });

    it('a folder that is called like a branch', async () => {
      await write('main/desk.yaml', DESK);
      expect(await said(['main', 'HEAD'])).toMatch(/^64 .*both a folder and a git revision\n.*refs\/heads\/main/);
      expect((await diff(['refs/heads/main', 'HEAD'])).stdout).toMatch(/nothing changes in meaning/);
      await rm(join(folder, 'main'), { recursive: true });
    });

    it('where neither side has policies', async () =>
      expect(await said(['HEAD', 'HEAD', '--policies', 'nothing'])).toMatch(/^64 neither|^64 .*neither HEAD nor HEAD/));

    it.each(['HEAD', './policies'])('policies that are invalid in %s', async (side) => {
      await write('policies/bad.yaml', DESK.replace('account: desk', 'acount: desk'));
      await commit('a mistake');
      expect(await said(['HEAD~1', side])).toMatch(
        /^65 .*policies of .* cannot be compared: policies\/bad\.yaml:1:1 .*\(and \d+ more\)\n.*policy check/,
      );
      await git(['reset', '--quiet', '--hard', 'HEAD~1']);
    });

    it('a symbolic link in the place of a policy', async () => {
      await git([
        'update-index',
        '--add',
        '--cacheinfo',
        `120000,${(await git(['rev-parse', 'HEAD:policies/desk.yaml'])).trim()},policies/link.yaml`,
      ]);
      await git(['commit', '--quiet', '-m', 'a link']);
      expect(await said(['HEAD~1', 'HEAD'])).toMatch(/^65 .*link\.yaml is a symbolic link/);
      await git(['reset', '--quiet', '--hard', 'HEAD~1']);
    });
  });
});
