import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Runs the built command as a real process. vitest.config.ts builds it once before the tests. */

const MAIN = resolve('dist/main.js');

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  uid?: number;
  /** A command that runs it, with its arguments: another namespace, other limits. */
  via?: readonly string[];
}

/** Ends with the process; a signal shows as status null. */
export function keyturn(
  args: readonly string[],
  { cwd, env, input = '', uid, via = [] }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const { CI: _ci, NODE_OPTIONS: _options, ...inherited } = process.env;
    const [program = '', ...words] = [...via, process.execPath, MAIN, ...args];
    const child = spawn(program, words, {
      cwd,
      env: { ...inherited, NO_COLOR: '1', ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    const ran: Ran = { status: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      ran.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      ran.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ ...ran, status }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** A temporary folder with these files, removed again by `close`. */
export async function aFolder(
  files: Readonly<Record<string, string>> = {},
): Promise<{ folder: string; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { folder, close: () => rm(folder, { recursive: true, force: true }) };
}
