import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { fetchPrograms } from '../programs/fetch.ts';
import { wholeNumber } from '../whole-number.ts';
import { aCrowd, type Crowd, expectOnceEach, type Ran } from './crowd.ts';
import { PLACES } from './places.ts';

/**
 * `npm run test:many -- --keys 1000 --workers 8 --store directory|vault|aws [--kill]`: all workers at once at one empty store,
 * then one pass after the other; with `--kill`, workers that are killed and started again until everything is done.
 */

const { values } = parseArgs({
  options: {
    keys: { type: 'string' },
    workers: { type: 'string' },
    store: { type: 'string', default: 'directory' },
    kill: { type: 'boolean', default: false },
  },
});
const keys = wholeNumber('--keys', values.keys ?? '1000');
const workers = wholeNumber('--workers', values.workers ?? '8');
/** Each worker is killed so often. */
const ROUNDS = 6;
/**
 * After at most so many milliseconds a worker is killed, and after so many seconds another takes over what it had in hand. moto answers
 * one request after the other: among so many workers a look at all keys takes it a minute, and one step many seconds.
 */
const KILLS: Readonly<Record<string, { atMostMs: number; claim: number }>> = {
  directory: { atMostMs: 20_000, claim: 12 },
  vault: { atMostMs: 20_000, claim: 12 },
  aws: { atMostMs: 120_000, claim: 60 },
};
const PASSES = 5;
const PASSES_OF_ONE_PROCESS = 60;

const say = (text: string) => process.stdout.write(`${text}\n`);
const cost = ({ seconds, megabytes }: Ran) => `${seconds.toFixed(1)} s, ${megabytes} MB at most`;

/** Not awaited at the top: what is loaded late would wait for this file to end, and this file for it. */
async function main(): Promise<void> {
  const open = Object.entries(PLACES).find(([name]) => name === values.store)?.[1];
  if (open === undefined) throw new Error(`--store is one of ${Object.keys(PLACES).join(', ')}`);
  process.env.KEYTURN_TEST_PROGRAMS = JSON.stringify(await fetchPrograms());
  const kills = values.kill ? KILLS[values.store] : undefined;
  const crowd = await aCrowd(keys, await open(), kills);
  try {
    if (kills) await underFire(crowd, kills);
    else await inPeace(crowd);
  } finally {
    await crowd.close();
  }
}

async function underFire(crowd: Crowd, { atMostMs }: { atMostMs: number }): Promise<void> {
  const began = Date.now();
  const killed = await crowd.applyUnderFire(workers, ROUNDS, atMostMs);
  await crowd.expectWhole();
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  say(`${keys} keys, ${workers} workers, ${killed} of them killed, ${seconds} s: one whole pair each, nothing else`);
}

async function inPeace(crowd: Crowd): Promise<void> {
  const first = await crowd.apply(workers);
  for (const [index, ran] of first.entries()) say(`worker ${index + 1}: ${ran.generated.length} pairs, ${cost(ran)}`);
  await expectOnceEach(crowd, first);
  say(`${keys} keys, ${workers} workers: each generated exactly once`);

  if (values.store === 'directory') await leavesNothingBehind(crowd);
}

async function leavesNothingBehind(crowd: Crowd): Promise<void> {
  const before = await crowd.files();
  for (let pass = 1; pass <= PASSES; pass += 1) {
    const [ran] = await crowd.apply(1);
    if (ran) say(`pass ${pass} over ${keys} waiting keys: ${cost(ran)}`);
  }
  assert.deepEqual(await crowd.files(), before);
  say(`the store after each of them: ${before.count} files, ${before.bytes} bytes`);

  const heaps = await crowd.heapOver(PASSES_OF_ONE_PROCESS);
  const shown = [1, 5, 10, 20, 40, 60].map(
    (pass) => `${((heaps[pass - 1] ?? 0) / 2 ** 20).toFixed(2)} MB after ${pass}`,
  );
  say(`passes of one process, heap in use: ${shown.join(', ')}`);
  const [settled = 0, last = 0] = [heaps[9], heaps.at(-1)];
  assert.ok(last < settled * 1.02, 'the heap grows with the number of passes');
  say('nothing grows with the number of passes');
}

void main();
