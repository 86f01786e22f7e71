import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../programs/index.ts';
import { aFolder } from './keyturn.ts';

/** Real shells read the script and complete, as after a Tab at the end of the line. */

let here: Awaited<ReturnType<typeof aFolder>>;

beforeAll(async () => {
  here = await aFolder({ 'broken.yaml': 'keys: [' });
  mkdirSync(join(here.folder, 'bin'));
  writeFileSync(
    join(here.folder, 'bin/keyturn'),
    `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/main.js')}' "$@"\n`,
  );
  chmodSync(join(here.folder, 'bin/keyturn'), 0o755);
  for (const name of ['policies', 'elsewhere']) {
    mkdirSync(join(here.folder, name));
    writeFileSync(join(here.folder, name, 'trading.yaml'), policy(name));
  }
});
afterAll(() => here.close());

const policy = (account: string) => `apiVersion: keyturn/v1
account: ${account}
venue: sandbox
defaults: { ipAllowlist: [203.0.113.7] }
keys:
  - { name: spot, application: maker, purpose: spot-trading, rotateEvery: 30d, owner: desk }
  - { name: tax, application: reporter, purpose: tax-data, rotateEvery: 90d, owner: desk }
`;

const env = () => ({ ...process.env, PATH: `${join(here.folder, 'bin')}:${process.env.PATH}`, HOME: here.folder });
const inShell = (shell: string, ...args: string[]): string[] =>
  execFileSync(shell, args, { cwd: here.folder, env: env(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    .split('\n')
    .filter((line) => line !== '');

/** Bash hands over words that it has also cut at `=`. */
function bash(line: string): string[] {
  const words = line.split(/ |(?<==)|(?==)/);
  return inShell(
    'bash',
    '--norc',
    '-c',
    `source <(keyturn completion bash)
     COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _keyturn; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    ...words,
  );
}

/** What the completion system of zsh would be told; it runs on a terminal only. */
function zsh(line: string): string[] {
  return inShell(
    'zsh',
    '-f',
    '-c',
    `compdef() { : }; _files() { : }; compadd() { print -l -- \${(P)2} | grep -- "^\${words[CURRENT]}" }
     source <(keyturn completion zsh); words=("$@"); CURRENT=$#; _keyturn; true`,
    'zsh',
    ...line.split(' '),
  );
}

const fish = (line: string): string[] =>
  inShell('fish', '--no-config', '-c', 'keyturn completion fish | source; complete -C $argv[1]', line);

const rows: Record<string, [line: string, candidates: string[]]> = {
  'a command': ['keyturn sta', ['status']],
  'a command of a command': ['keyturn policy ', ['check', 'diff', 'test', 'schema', 'vault', 'iam']],
  'a command behind global options': ['keyturn --log-level debug ver', ['verify']],
  'an option': ['keyturn plan --det', ['--detailed-exitcode']],
  'a global option behind a command': ['keyturn plan --pol', ['--policies']],
  'the value of an option': ['keyturn keygen --type rsa-', ['rsa-2048', 'rsa-3072', 'rsa-4096']],
  'the value of a global option': ['keyturn --log-level f', ['fatal']],
  'an argument of few': ['keyturn completion f', ['fish']],
  'a key': ['keyturn rotate policies/', ['policies/spot', 'policies/tax']],
  'a key of other policies': ['keyturn --policies elsewhere status elsewhere/t', ['elsewhere/tax']],
};

const shells = { bash, zsh, fish };
for (const [shell, complete] of Object.entries(shells)) {
  const isThere = spawnSync(shell, ['--version']).status === 0;
  // Zsh and fish are a matter of taste, so CI may lack them, too.
  describe.skipIf(!isThere)(
    isThere ? `${shell} completes` : `${shell} completes (skipped: it is not installed)`,
    () => {
      for (const [title, [line, candidates]] of Object.entries(rows)) {
        it(title, () => expect(complete(line)).toEqual(candidates));
      }
    },
  );
}

describeWith(['bash'], 'bash', () => {
  it('completes a value behind =', () => expect(bash('keyturn plan --output=ma')).toEqual(['markdown']));
  it('offers formats where nothing is written yet', () =>
    expect(bash('keyturn plan --output=')).toEqual(['text', 'json', 'markdown', 'ics']));
  it('does not offer what is hidden', () => expect(bash('keyturn comp')).toEqual(['completion']));
  it('completes files where keyturn knows nothing better', () => expect(bash('keyturn plan --out ')).toEqual([]));
  it('hears nothing of broken policies', () => expect(bash('keyturn --policies broken.yaml status ')).toEqual([]));
});
