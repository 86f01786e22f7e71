import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { judge, milliseconds, node, run, tell, withPeak } from './measure.ts';
import { aWorld, KEYTURN } from './world.ts';

/** `apply` for many keys: the first pass makes them all, the ones after it find nothing to do and leave nothing behind. */

const KEYS = process.argv.includes('--quick') ? 200 : 1000;
const LATER_PASSES = 3;

const world = await aWorld(KEYS, { algorithm: 'ed25519', windows: '' });
const files = (): number => readdirSync(join(world.folder, '.keyturn', 'store'), { recursive: true }).length;
const pass = () => run(withPeak(node(KEYTURN, ['apply', '--yes', '--log-level', 'warn'], world.folder)));

const first = await pass();
const made = files();
tell(
  `${KEYS} keys, first pass: ${milliseconds(first.seconds)}, ${first.peak?.toFixed(0)} MiB, ${made} files and folders`,
);
for (let number = 2; number <= LATER_PASSES + 1; number++) {
  const { seconds, peak } = await pass();
  tell(`pass ${number}: ${milliseconds(seconds)}, ${peak?.toFixed(0)} MiB, ${files()} files and folders`);
}
judge('files after later passes / after the first', files() / made, { atMost: 1 });
world.close();
