import process from 'node:process';
import { fastestSeconds, interleaved, judge, medianSeconds, milliseconds, node, type Ran, tell } from './measure.ts';
import { addRecords, aWorld, baseline, KEYTURN } from './world.ts';

/** What people wait for at the prompt, against a Node process that does nothing. */

const KEYS = 20;
const ROUNDS = process.argv.includes('--quick') ? 7 : 31;
/** Node 24 starts its own part faster and compiles ours in the same time. */
const PLAN_LIMIT = Number(process.versions.node.split('.')[0]) >= 24 ? 3 : 3.5;

const world = await aWorld(KEYS);
addRecords(world, KEYS);
const ran = await interleaved(
  {
    empty: node(baseline('empty')),
    help: node(KEYTURN, ['--help']),
    plan: node(KEYTURN, ['plan'], world.folder),
  },
  ROUNDS,
);
const seconds = (of: (ran: readonly Ran[]) => number) => ({
  empty: of(ran.empty),
  help: of(ran.help),
  plan: of(ran.plan),
});
const median = seconds(medianSeconds);
for (const [what, { empty, help, plan }] of Object.entries({ median, fastest: seconds(fastestSeconds) })) {
  const times = `empty script ${milliseconds(empty)}, --help ${milliseconds(help)}, plan of ${KEYS} keys ${milliseconds(plan)}`;
  tell(`Node ${process.versions.node}, ${what}: ${times} (${(help / empty).toFixed(2)}, ${(plan / empty).toFixed(2)})`);
}
judge('--help / empty script', median.help / median.empty, { atMost: 1.7 });
judge(`plan of ${KEYS} keys / empty script`, median.plan / median.empty, { atMost: PLAN_LIMIT });
