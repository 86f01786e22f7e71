import process from 'node:process';
import { interleaved, judge, median, medianSeconds, milliseconds, node, run, tell, withPeak } from './measure.ts';
import { addRecords, aWorld, baseline, KEYTURN } from './world.ts';

/** Planning many keys, against parsing the same policies and reading, parsing and validating the same records. */

const KEYS = 10_000;
const MOST_MEMORY = 200;
const ROUNDS = process.argv.includes('--quick') ? 3 : 7;
/** With --large: how memory and time grow beyond. */
const LARGER = process.argv.includes('--large') ? [20_000, 100_000] : [];

const world = await aWorld(KEYS);
addRecords(world, KEYS);
const ran = await interleaved(
  {
    baseline: withPeak(node(baseline('plan'), [], world.folder)),
    plan: withPeak(node(KEYTURN, ['plan'], world.folder)),
  },
  ROUNDS,
);
world.close();
const [least, plan] = [medianSeconds(ran.baseline), medianSeconds(ran.plan)];
const peak = median(ran.plan.map(({ peak }) => peak ?? 0));
const leastPeak = median(ran.baseline.map(({ peak }) => peak ?? 0));
tell(
  `${KEYS} keys: baseline ${milliseconds(least)} and ${leastPeak.toFixed(0)} MiB, plan ${milliseconds(plan)} and ${peak.toFixed(0)} MiB`,
);
judge(`plan of ${KEYS} keys / reading the same`, plan / least, { atMost: 1.25 });
judge(`memory of the plan / ${MOST_MEMORY} MiB`, peak / MOST_MEMORY, { atMost: 1 });

for (const keys of LARGER) {
  const larger = await aWorld(keys);
  addRecords(larger, keys);
  const { seconds, peak: most } = await run(withPeak(node(KEYTURN, ['plan'], larger.folder)));
  larger.close();
  const each = (((most ?? 0) - peak) * 1024) / (keys - KEYS);
  tell(`${keys} keys: ${milliseconds(seconds)}, ${most?.toFixed(0)} MiB, ${each.toFixed(1)} KiB for each key more`);
}
