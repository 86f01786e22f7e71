import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { look } from '../../src/tick.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { startBao } from '../programs/bao.ts';
import { startDistance } from '../programs/distance.ts';
import { fetchPrograms } from '../programs/fetch.ts';
import { judge, milliseconds, node, run, tell } from './measure.ts';
import { aWorld, KEYTURN, keepInVault } from './world.ts';

/**
 * `apply --shard I/8` against one `apply` of the same keys, in an OpenBao that is 20 ms away, when every pair is to be made and
 * when nothing is to be done. Each shard runs alone, as it has a machine of its own in a cluster. What is judged is that the busiest
 * has an eighth of the work, and that all of them take no more time than one worker. All at once they also share these cores,
 * which is shown.
 */

/** So many that starting eight processes does not count: of 100 keys each, it takes as long as the pass. */
const KEYS = 4000;
const ROUNDS = process.argv.includes('--quick') ? 1 : 2;
const SHARDS = 8;
const MILLISECONDS_AWAY = 20;

process.env.KEYTURN_TEST_PROGRAMS = JSON.stringify(await fetchPrograms());
const bao = await startBao();
const distance = await startDistance({ to: Number(new URL(bao.address).port), milliseconds: MILLISECONDS_AWAY });
const world = await aWorld(KEYS, { algorithm: 'ed25519', windows: '', store: 'vault' });
await bao.writePolicy('works', 'path "*" { capabilities = ["create", "read", "update", "list"] }');
process.env.BENCH_TOKEN = await bao.tokenFor('works');

/** What one process took. */
interface Cost {
  /** Of its pass, and of the whole process, which starts Node and reads all policies, too. */
  seconds: number;
  whole: number;
  /** What it asked of the store. */
  requests: number;
}

/** By its own metrics. */
async function apply(...shard: string[]): Promise<Cost> {
  const file = join(world.folder, `metrics${shard.join('').replace('/', '-')}.prom`);
  const args = ['apply', '--yes', '--log-level', 'warn', '--metrics-file', file, ...shard];
  const { seconds: whole } = await run(node(KEYTURN, args, world.folder));
  const metrics = readFileSync(file, 'utf8');
  const sum = (name: string) =>
    [...metrics.matchAll(new RegExp(`^${name}(?:{.*})? (.+)$`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  const requests = sum('keyturn_store_request_duration_seconds_count');
  return { seconds: sum('keyturn_pass_duration_seconds_sum'), whole, requests };
}

const shards = Array.from({ length: SHARDS }, (_, index) => ['--shard', `${index}/${SHARDS}`]);

async function oneAfterTheOther(): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const shard of shards) costs.push(await apply(...shard));
  return costs;
}

/** Milliseconds of all cores since the machine was started. */
const coresBusy = (): number => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, 0);

async function allAtOnce(): Promise<Cost[]> {
  const [start, busy] = [performance.now(), coresBusy()];
  const costs = await Promise.all(shards.map((shard) => apply(...shard)));
  const share = (coresBusy() - busy) / (performance.now() - start) / cpus().length;
  tell(`all shards at once: ${cpus().length} cores busy to ${(share * 100).toFixed(0)} %`);
  return costs;
}

/** In an empty store: a pass that makes every pair, and one that finds nothing to do. */
async function twoPasses<T>(prefix: string, go: () => Promise<T>): Promise<[making: T, looking: T]> {
  keepInVault(world, { address: `https://127.0.0.1:${distance.port}`, ca: bao.ca, prefix });
  const making = await go();
  await assertDone();
  return [making, await go()];
}

/** Every key has what one pass can give it. */
async function assertDone(): Promise<void> {
  const [config, policies] = ['keyturn.yaml', 'policies'].map((name) => join(world.folder, name));
  const { ports, keys, clock } = await openWorkspace({ config, policies });
  const { plan } = await look(ports.sources, keys, clock.now());
  await ports.close();
  const left = plan.keys.filter(({ reason }) => reason !== 'waiting-for-registration');
  if (left.length > 0) throw new Error(`${left.length} keys were left, ${left[0]?.key} among them: ${left[0]?.reason}`);
}

/** What else this machine does meets some rounds more than others; the best says what there is to do. */
const best = (rounds: readonly Cost[]): Cost => ({
  seconds: Math.min(...rounds.map(({ seconds }) => seconds)),
  whole: Math.min(...rounds.map(({ whole }) => whole)),
  requests: Math.min(...rounds.map(({ requests }) => requests)),
});

const most = (costs: readonly Cost[], of: keyof Cost): number => Math.max(...costs.map((cost) => cost[of]));

function compare(
  what: string,
  one: Cost,
  each: readonly Cost[],
  atOnce: readonly Cost[],
): { requests: number; time: number } {
  tell(
    `${KEYS} keys, ${what}: one worker ${milliseconds(one.seconds)}, shards ${each.map(({ seconds }) => milliseconds(seconds)).join(', ')}`,
  );
  const shares = (['seconds', 'whole'] as const).map((of) => (one[of] / most(each, of) / SHARDS).toFixed(2));
  const shareAtOnce = (one.seconds / most(atOnce, 'seconds') / SHARDS).toFixed(2);
  tell(`time of one / of the slowest / ${SHARDS}: ${shares.join(', of whole processes ')}, all at once ${shareAtOnce}`);
  return {
    requests: one.requests / most(each, 'requests') / SHARDS,
    time: one.seconds / each.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

try {
  const ones: [Cost, Cost][] = [];
  const apart: [Cost[], Cost[]][] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    ones.push(await twoPasses(`one-${round}`, () => apply()));
    apart.push(await twoPasses(`apart-${round}`, oneAfterTheOther));
  }
  const together = await twoPasses('together', allAtOnce);
  const compared = (pass: 0 | 1, what: string) =>
    compare(
      what,
      best(ones.map((passes) => passes[pass])),
      shards.map((_, index) => best(apart.flatMap((passes) => passes[pass][index] ?? []))),
      together[pass],
    );
  const making = compared(0, 'making every pair');
  const looking = compared(1, 'nothing to do');
  const [busiest, all] = [
    `of the busiest of ${SHARDS} shards / ${SHARDS}`,
    `of all ${SHARDS} shards, one after the other`,
  ];
  judge(`requests of one worker / ${busiest}`, making.requests, { atLeast: 0.9 });
  judge(`the same where there is nothing to do`, looking.requests, { atLeast: 0.9 });
  judge(`time of one worker / ${all}`, making.time, { atLeast: 0.9 });
} finally {
  world.close();
  await distance.close();
  await bao.stop();
}
