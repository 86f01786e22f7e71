import { spawn } from 'node:child_process';
import process from 'node:process';

/** Whole processes against each other: never a time on its own, always a ratio to something measured in the same run. */

export interface Ran {
  seconds: number;
  /** The most memory it held at once, in MiB; null where this system does not tell. */
  peak: number | null;
}

export interface Program {
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** This Node with a script. NODE_EXTRA_CA_CERTS costs every Node 20 process as much again as starting it, so it is taken away. */
export const node = (script: string, args: readonly string[] = [], cwd = '.'): Program => ({
  command: process.execPath,
  args: [script, ...args],
  cwd,
});

/** Has a Node process report its peak on file descriptor 3 as it ends. */
const REPORT_PEAK = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeSync } from 'node:fs';
  process.on('exit', () => writeSync(3, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]));
`)}`;

/** The same, but with `peak` in the result. Linux only; costs some milliseconds. */
export const withPeak = (program: Program): Program => ({
  ...program,
  args: process.platform === 'linux' ? ['--import', REPORT_PEAK, ...program.args] : program.args,
});

/** Runs a program to its end without reading what it prints. Throws when it fails. */
export function run({ command, args, cwd, env }: Program): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...inherited } = process.env;
    const start = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let complaint = '';
    let peak = '';
    child.stderr?.on('data', (chunk) => {
      complaint = `${complaint}${chunk}`.slice(-2000);
    });
    child.stdio[3]?.on('data', (chunk) => {
      peak += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      const seconds = (performance.now() - start) / 1000;
      if (status === 0) resolve({ seconds, peak: peak === '' ? null : Number(peak) / 1024 });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${status}\n${complaint}`));
    });
  });
}

/** Runs them in turn, so that whatever else this machine does meets all of them alike. One round more comes first and does not count. */
export async function interleaved<Name extends string>(
  programs: Record<Name, Program>,
  rounds: number,
): Promise<Record<Name, Ran[]>> {
  const names = Object.keys(programs) as Name[];
  const ran = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Ran[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const result = await run(programs[name]);
      if (round > 0) ran[name].push(result);
    }
  }
  return ran;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new Error('there is no median of nothing');
  return (low + high) / 2;
}

export const medianSeconds = (ran: readonly Ran[]): number => median(ran.map(({ seconds }) => seconds));

/** What is left when nothing else wanted the cores: on a busy machine it says more than the median. */
export const fastestSeconds = (ran: readonly Ran[]): number => Math.min(...ran.map(({ seconds }) => seconds));

/** Prints `name: ratio R (limit L) ok|over`; over makes the benchmark fail. */
export function judge(name: string, ratio: number, limit: { atMost: number } | { atLeast: number }): void {
  const isOver = 'atMost' in limit ? ratio > limit.atMost : ratio < limit.atLeast;
  const shown = 'atMost' in limit ? `${limit.atMost}` : `at least ${limit.atLeast}`;
  tell(`${name}: ratio ${ratio.toFixed(2)} (limit ${shown}) ${isOver ? 'over' : 'ok'}`);
  if (isOver) process.exitCode = 1;
}

export function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

export const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(0)} ms`;
