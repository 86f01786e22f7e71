import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as fc from 'fast-check';
import { wholeNumber } from '../whole-number.ts';
import { policyProperty } from './policies.ts';
import { recordProperty } from './records.ts';

/**
 * `npm run fuzz -- --runs 1000000 --seed 7`: half of the runs are policies, half are records; `--only policies`: all of them.
 * Prints seed and rate, and in the end `N passed`. The work is done in a thread, so that a run without end is seen and named, too.
 */

const PROPERTIES = { policies: policyProperty, records: recordProperty };
const HANGS_AFTER_MS = 120_000;

interface Task {
  runs: number;
  seed: number;
  /** Names of the properties that share the runs. */
  names: string[];
}

async function work({ runs, seed, names }: Task): Promise<void> {
  for (const [name, property] of Object.entries(PROPERTIES).filter(([name]) => names.includes(name))) {
    const begin = performance.now();
    let done = 0;
    const beat = () => {
      if (++done % 100 === 0) parentPort?.postMessage({ beat: `${done} ${name}` });
    };
    await fc.assert(property().beforeEach(beat), { numRuns: Math.ceil(runs / names.length), seed });
    const perSecond = Math.round(done / ((performance.now() - begin) / 1000));
    parentPort?.postMessage({ said: `${done} ${name}, ${perSecond} a second`, passed: done });
  }
}

function watch(task: Task): void {
  let passed = 0;
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  let last = { at: performance.now(), beat: 'the first run' };
  worker.on('message', ({ beat, said, passed: more = 0 }: { beat?: string; said?: string; passed?: number }) => {
    last = { at: performance.now(), beat: beat ?? last.beat };
    passed += more;
    if (said) process.stdout.write(`${said}\n`);
  });
  const watchdog = setInterval(() => {
    if (performance.now() - last.at < HANGS_AFTER_MS) return;
    process.stdout.write(`hangs after ${last.beat}, seed ${task.seed}\n`);
    process.exit(1);
  }, 1_000);
  worker.on('error', (error) => {
    // Seed and path stand first; the file that failed may have megabytes.
    process.stdout.write(`${String(error).slice(0, 4_000)}\n`);
    process.exitCode = 1;
  });
  worker.on('exit', () => {
    clearInterval(watchdog);
    process.stdout.write(`${passed} passed\n`);
  });
}

function taskOf({ runs = '100000', seed = `${Date.now() % 2 ** 31}`, only }: Record<string, string | undefined>): Task {
  const names = Object.keys(PROPERTIES).filter((name) => only === undefined || name === only);
  if (names.length === 0) throw new Error(`--only takes one of ${Object.keys(PROPERTIES).join(', ')}`);
  return { runs: wholeNumber('--runs', runs), seed: wholeNumber('--seed', seed, 0), names };
}

if (isMainThread) {
  const { values } = parseArgs({
    options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
  });
  const task = taskOf(values);
  process.stdout.write(`${task.runs} runs of ${task.names.join(' and ')} with seed ${task.seed}\n`);
  watch(task);
} else {
  await work(workerData as Task);
}
