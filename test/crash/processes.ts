import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'rolldown';
import type { Answer, Order } from './orders.ts';

/** The processes of a crash test, each one a real one. */

/** The programs of this folder, as NAME.mjs in the folder it returns. */
export const bundledPrograms = (): Promise<string> =>
  bundled({ worker: 'test/crash/worker.ts', consumer: 'test/crash/consumer.ts' });

/** Bundles programs into a folder; the directory store in them gets the file operations one can be stopped at. */
export async function bundled(input: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'keyturn-crash-programs-'));
  await build({
    input,
    platform: 'node',
    // They have no SSH venue, and parts of it are no JavaScript.
    external: ['ssh2'],
    plugins: [
      {
        name: 'files-to-be-stopped-at',
        resolveId: (source, importer) =>
          source === 'node:fs/promises' && importer?.includes('/providers/stores/directory/')
            ? resolve('test/crash/files.ts')
            : null,
      },
    ],
    output: { dir, format: 'esm', entryFileNames: '[name].mjs' },
    logLevel: 'silent',
  });
  return dir;
}

/** A process whose standard output is read line by line, all of what it wrote being kept. */
export interface Program {
  child: ChildProcess;
  /** The next line; null when the process has ended. */
  line(): Promise<string | null>;
  output(): string;
  /** Fulfilled when it has ended and everything it wrote was read. */
  ended: Promise<unknown>;
  end(): Promise<void>;
}

export function started(...words: string[]): Program {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...env, NO_COLOR: '1' } });
  const written: string[] = [];
  child.stderr.on('data', (chunk) => written.push(String(chunk)));
  child.stdin.on('error', () => undefined);
  const exited = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    async line() {
      const { value, done } = await lines.next();
      if (done) return null;
      written.push(value);
      return value;
    },
    output: () => written.join('\n'),
    ended: exited,
    async end() {
      // Some sleep, and would not hear a softer one.
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** `keyturn sandbox`, and its address. */
export async function startedSandbox(folder: string): Promise<Program & { url: string }> {
  const state = join(folder, 'sandbox.json');
  const program = started(resolve('dist/main.js'), 'sandbox', '--port', '0', '--state', state);
  const url = /http:\S+/.exec((await program.line()) ?? '')?.[0];
  if (url === undefined) throw new Error(`the sandbox did not start: ${program.output()}`);
  return { ...program, url };
}

/** A place for a worker: whoever was killed there is followed by the next. */
export interface Worker {
  /** Null: it was killed before it could answer. */
  ask(order: Order): Promise<Answer | null>;
  /** How often somebody fell asleep here. */
  naps(): number;
  /** Lets go on what sleeps here. */
  wake(): void;
  /** Everything that was ever written here. */
  outputs(): string;
  /** Where the last one died. */
  died(): string;
  end(): Promise<void>;
}

export function aWorker(programs: string, folder: string): Worker {
  let program: Program | null = null;
  let former = '';
  return {
    async ask(order) {
      program ??= started(join(programs, 'worker.mjs'), folder);
      program.child.stdin?.write(`${JSON.stringify(order)}\n`);
      const line = await program.line();
      if (line !== null) return JSON.parse(line) as Answer;
      await program.ended;
      former += program.output();
      if (program.child.signalCode !== 'SIGKILL') throw new Error(`a worker ended by itself: ${program.output()}`);
      program = null;
      return null;
    },
    naps: () => (program?.output().match(/asleep/g) ?? []).length,
    wake: () => void program?.child.kill('SIGCONT'),
    outputs: () => former + (program?.output() ?? ''),
    died: () => /killed (.*)\n*$/.exec(former)?.[1] ?? 'nowhere',
    async end() {
      await program?.end();
    },
  };
}
