import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { wholeNumber } from '../whole-number.ts';
import { bundledPrograms } from './processes.ts';
import { describe, killAtRandom } from './random.ts';

/** `npm run test:crash -- --kills 1000 --seed 7`: half of the kills with one worker, half with eight, or all with `--workers N`. */

const { values } = parseArgs({
  options: { kills: { type: 'string' }, seed: { type: 'string' }, workers: { type: 'string' } },
});
const seed = wholeNumber('--seed', values.seed ?? `${Date.now() % 1_000_000}`, 0);
const kills = wholeNumber('--kills', values.kills ?? '100');
const trials = values.workers
  ? [{ workers: wholeNumber('--workers', values.workers), kills }]
  : [1, 8].map((workers) => ({ workers, kills: Math.ceil(kills / 2) }));

const say = (text: string) => process.stdout.write(`${text}\n`);

/** Not awaited at the top: what is loaded late would wait for this file to end, and this file for it. */
async function main(): Promise<void> {
  const programs = await bundledPrograms();
  try {
    for (const trial of trials) await run(programs, trial);
  } finally {
    await rm(programs, { recursive: true });
  }
}

async function run(programs: string, trial: { workers: number; kills: number }): Promise<void> {
  const again = `npm run test:crash -- --kills ${trial.kills} --seed ${seed} --workers ${trial.workers}`;
  const began = Date.now();
  say(`\n${again}`);
  try {
    const outcome = await killAtRandom({ programs, seed, ...trial });
    say(`held: ${describe(outcome)}; ${Math.round((Date.now() - began) / 1000)} s`);
    const places = [...outcome.places].sort(([, a], [, b]) => b - a);
    for (const [place, times] of places) say(`  ${`${times}`.padStart(4)} × ${place}`);
  } catch (error) {
    process.exitCode = 1;
    say(`FAILED ${error instanceof Error ? `${error.message}: ${String((error.cause as Error)?.stack)}` : ''}`);
    say(`the same choices again: ${again}`);
  }
}

void main();
