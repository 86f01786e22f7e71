import process from 'node:process';
import { interleaved, judge, medianSeconds, milliseconds, node, tell } from './measure.ts';
import { aWorld, baseline, KEYTURN } from './world.ts';

/** Checking many policies, against parsing the same files as YAML. */

const KEYS = 10_000;
const ROUNDS = process.argv.includes('--quick') ? 3 : 9;

const world = await aWorld(KEYS);
const ran = await interleaved(
  { baseline: node(baseline('check'), [], world.folder), check: node(KEYTURN, ['policy', 'check'], world.folder) },
  ROUNDS,
);
const [least, check] = [medianSeconds(ran.baseline), medianSeconds(ran.check)];
tell(`${KEYS / 10} files, ${KEYS} keys: YAML alone ${milliseconds(least)}, policy check ${milliseconds(check)}`);
judge('policy check / parsing the YAML', check / least, { atMost: 1.5 });
