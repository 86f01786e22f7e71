import process from 'node:process';
import { interleaved, judge, medianSeconds, milliseconds, node, tell } from './measure.ts';
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
const [empty, help, plan] = [ran.empty, ran.help, ran.plan].map(medianSeconds) as [number, number, number];
tell(
  `Node ${process.versions.node}: empty script ${milliseconds(empty)}, --help ${milliseconds(help)}, plan of ${KEYS} keys ${milliseconds(plan)}`,
);
judge('--help / empty script', help / empty, { atMost: 1.7 });
judge(`plan of ${KEYS} keys / empty script`, plan / empty, { atMost: PLAN_LIMIT });
