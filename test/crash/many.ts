import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { aCrowd, expectOnceEach, type Ran } from './crowd.ts';

/** `npm run test:many -- --keys 1000 --workers 8`: all workers at once at one empty store, then one pass after the other. */

const { values } = parseArgs({ options: { keys: { type: 'string' }, workers: { type: 'string' } } });
const keys = Number(values.keys ?? 1000);
const workers = Number(values.workers ?? 8);
const PASSES = 5;
const PASSES_OF_ONE_PROCESS = 60;

const say = (text: string) => process.stdout.write(`${text}\n`);
const cost = ({ seconds, megabytes }: Ran) => `${seconds.toFixed(1)} s, ${megabytes} MB at most`;
const crowd = await aCrowd(keys);
try {
  const first = await crowd.apply(workers);
  for (const [index, ran] of first.entries()) say(`worker ${index + 1}: ${ran.generated.length} pairs, ${cost(ran)}`);
  await expectOnceEach(crowd, first);
  say(`${keys} keys, ${workers} workers: each generated exactly once`);

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
} finally {
  await crowd.close();
}
