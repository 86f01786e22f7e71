import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { interleaved, judge, medianSeconds, milliseconds, node, tell } from './measure.ts';
import { aWorld, KEYTURN } from './world.ts';

/** Comparing two revisions of many policies, against checking them once. */

const KEYS = 10_000;
const ROUNDS = process.argv.includes('--quick') ? 3 : 9;

const { folder } = await aWorld(KEYS);
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', ...args], { cwd: folder });

function edit(files: readonly string[], from: string, to: string): void {
  for (const file of files) {
    const path = join(folder, 'policies', file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(from, to));
  }
  git('commit', '--quiet', '--all', '-m', `${from} to ${to}`);
}

const files = readdirSync(join(folder, 'policies'));
git('init', '--quiet');
git('add', 'policies');
git('commit', '--quiet', '-m', 'first');
edit(files.slice(0, 20), 'rotateEvery: 30d', 'rotateEvery: 45d');
edit(files, 'overlap: 24h', 'overlap: 12h');

const diff = (base: string, head: string) => node(KEYTURN, ['policy', 'diff', base, head], folder);
const ran = await interleaved(
  {
    check: node(KEYTURN, ['policy', 'check'], folder),
    few: diff('HEAD~2', 'HEAD~1'),
    all: diff('HEAD~1', 'HEAD'),
  },
  ROUNDS,
);
const [check, few, all] = [medianSeconds(ran.check), medianSeconds(ran.few), medianSeconds(ran.all)];
const shown = `check ${milliseconds(check)}, diff of 20 edited files ${milliseconds(few)}, of all ${milliseconds(all)}`;
tell(`${files.length} files, ${KEYS} keys: ${shown}`);
judge('diff of 20 edited files / policy check', few / check, { atMost: 2 });
judge('diff of all files edited / policy check', all / check, { atMost: 2 });
