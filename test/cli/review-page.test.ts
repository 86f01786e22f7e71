import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeWith } from '../programs/index.ts';
import { aFolder } from './keyturn.ts';

/** docs/review.md: its shell steps run, as the runners run them, in a repository with a pull request. */

const page = await readFile('docs/review.md', 'utf8');

/** The fenced block that says this. */
function blockWith(text: string): string {
  const blocks = [...page.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, body = '']) => body);
  const found = blocks.find((body) => body.includes(text));
  if (found === undefined) throw new Error(`docs/review.md has no block with ${text}`);
  return found;
}

const POLICY = `apiVersion: keyturn/v1
account: desk
venue: binance
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk, ipAllowlist: [203.0.113.7] }]
`;

describeWith(['git', 'bash'], 'the steps of docs/review.md', () => {
  let folder: string;
  let close: () => Promise<void>;
  let env: NodeJS.ProcessEnv;
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const git = async (...args: string[]) => (await promisify(execFile)('git', args, { cwd: folder, env })).stdout.trim();

  /** One step, the way both runners call bash. */
  async function shell(script: string, more: NodeJS.ProcessEnv = {}) {
    const options = { cwd: folder, env: { ...env, ...more } };
    const ran = await promisify(execFile)(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script],
      options,
    ).catch((error: { code: number; stdout: string; stderr: string }) => error);
    return { status: 'code' in ran ? ran.code : 0, output: ran.stdout + ran.stderr };
  }

  beforeAll(async () => {
    ({ folder, close } = await aFolder());
    const bin = join(folder, '.git-free-bin');
    const programs = {
      keyturn: `exec "${process.execPath}" "${resolve('dist/main.js')}" "$@"`,
      npm: '[ "$*" = "install --global keyturn" ]',
      // Takes what it is told to post.
      gh: 'while [ "$1" != --body-file ]; do shift; done; grep -q "^### keyturn: " "$2"',
    };
    await mkdir(bin);
    for (const [name, body] of Object.entries(programs)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
      await chmod(join(bin, name), 0o755);
    }
    const { CI: _ci, ...inherited } = process.env;
    const who = Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((role) => [
        [`GIT_${role}_NAME`, 'desk'],
        [`GIT_${role}_EMAIL`, 'desk@example.com'],
      ]),
    );
    env = {
      ...inherited,
      ...who,
      PATH: `${bin}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      NO_COLOR: '1',
    };
    await git('init', '--quiet', '--initial-branch', 'main');
    await write('.gitignore', '.git-free-bin\n*.md\n*.xml\n*.sarif\n');
    await mkdir(join(folder, 'policies'));
    await write('policies/desk.yaml', POLICY);
    await git('add', '--all');
    await git('commit', '--quiet', '-m', 'first');
  });
  afterAll(() => close());

  /** What the pull request changes the policy to, checked out as the merge it would become. */
  async function aPullRequest(policy: string): Promise<void> {
    await git('checkout', '--quiet', '--force', '-B', 'topic', 'main');
    await write('policies/desk.yaml', policy);
    await git('commit', '--quiet', '--all', '-m', 'topic');
    await git('checkout', '--quiet', '--detach', 'main');
    await git('merge', '--quiet', '--no-ff', '-m', 'merge', 'topic');
  }

  const RELAXED = POLICY.replace('30d', '45d');
  const TIGHTENED = POLICY.replace('owner: desk', 'owner: desk, algorithm: rsa-4096');
  const WRONG = POLICY.replace('owner: desk, ', '');

  describe('the GitHub workflow', () => {
    const { jobs } = parse(blockWith('.github/workflows'));
    const steps: { name?: string; run?: string }[] = jobs.review.steps;
    const run = async (): Promise<Record<string, number>> => {
      const ended: Record<string, number> = {};
      for (const { name, run: script } of steps) {
        if (script === undefined) continue;
        const { status } = await shell(script, { GITHUB_STEP_SUMMARY: join(folder, 'summary.md'), NUMBER: '1' });
        ended[name ?? script] = status;
      }
      return ended;
    };
    const expected = {
      'npm install --global keyturn': 0,
      'Say what the change means': 0,
      'Say it in the pull request': 0,
      'Report to code scanning': 0,
      'Annotate the lines': 0,
      'Ask for a label on what relaxes': 0,
    };

    it.each<[string, string, Partial<typeof expected>]>([
      ['passes what tightens', TIGHTENED, {}],
      ['asks for a label on what relaxes', RELAXED, { 'Ask for a label on what relaxes': 2 }],
      ['fails what breaks a rule', WRONG, { 'Annotate the lines': 65, 'Ask for a label on what relaxes': 2 }],
    ])('%s', async (_, policy, different) => {
      await aPullRequest(policy);
      expect(await run()).toEqual({ ...expected, ...different });
      expect(await readFile(join(folder, 'summary.md'), 'utf8')).toContain('### keyturn: HEAD^1 → HEAD');
      expect(JSON.parse(await readFile(join(folder, 'keyturn.sarif'), 'utf8')).version).toBe('2.1.0');
    });
  });

  describe('the GitLab pipeline', () => {
    const { '.policies': shared, ...jobs } = parse(blockWith('.gitlab-ci.yml'));
    const run = async (job: string) => {
      const script = [...shared.before_script, ...jobs[job].script].join('\n');
      return (await shell(script, { CI_MERGE_REQUEST_DIFF_BASE_SHA: await git('rev-parse', 'HEAD^1') })).status;
    };

    it('reports, warns of what relaxes, and fails what breaks a rule', async () => {
      await aPullRequest(RELAXED);
      expect(await run('policy check')).toBe(0);
      expect(await run('policy diff')).toBe(jobs['policy diff'].allow_failure.exit_codes);
      await aPullRequest(WRONG);
      expect(await run('policy check')).toBe(65);
      expect(await readFile(join(folder, 'junit.xml'), 'utf8')).toContain('<failure type="owner"');
    });
  });

  describe('the pre-commit hook', () => {
    beforeEach(async () => {
      await git('checkout', '--quiet', '--force', 'main');
      await writeFile(join(folder, '.git/hooks/pre-commit'), blockWith('.git/hooks/pre-commit'), { mode: 0o755 });
    });
    const commit = () => shell('git commit -m edit');

    it('refuses what is staged and wrong, whatever lies in the folder', async () => {
      await write('policies/desk.yaml', WRONG);
      await git('add', 'policies');
      await write('policies/desk.yaml', POLICY);
      const { status, output } = await commit();
      expect(output).toMatch(/^policies\/desk\.yaml:4:8: error \[owner\]/m);
      expect(status).not.toBe(0);
      await git('reset', '--quiet', '--hard');
    });

    it('says what the commit means, and lets it pass', async () => {
      await write('policies/desk.yaml', TIGHTENED);
      await git('add', 'policies');
      const { status, output } = await commit();
      expect(output).toMatch(/tightened {2}algorithm rsa-2048 → rsa-4096/);
      expect(status).toBe(0);
    });

    it('has nothing to say of other commits', async () => {
      await write('README', 'x');
      await git('add', 'README');
      expect((await commit()).output).not.toMatch(/keyturn|policies/);
    });

    it('is a command of the pre-commit framework as well', async () => {
      const [{ hooks }] = parse(blockWith('repo: local')).repos;
      expect((await shell(hooks[0].entry)).status).toBe(0);
      expect('policies/a/b.yaml').toMatch(new RegExp(hooks[0].files));
    });
  });

  it('the commands at its top run', async () => {
    await git('checkout', '--quiet', '--force', 'main');
    const { status } = await shell(blockWith('what the last commit means'));
    expect(status).toBe(0);
  });
});
