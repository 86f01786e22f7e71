import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import pLimit from 'p-limit';
import { type Bao, startBao } from '../programs/bao.ts';
import { fetchPrograms } from '../programs/fetch.ts';
import { interleaved, judge, median, medianSeconds, milliseconds, node, run, tell, withPeak } from './measure.ts';
import { aGeneration, aWorld, baseline, beside, idsOf, KEYTURN, keepInVault, recordText, type World } from './world.ts';

/** Planning many keys on a real OpenBao, against raw reads of the same records, as many at once. */

const KEYS = 10_000;
const ROUNDS = process.argv.includes('--quick') ? 3 : 5;
const MOST_MEMORY = 200;
const AT_ONCE = 16;
/** With --large: how memory and time grow, on a fake that answers as slowly as the server did. */
const LARGER = process.argv.includes('--large') ? [10_000, 100_000] : [];

process.env.KEYTURN_TEST_PROGRAMS = JSON.stringify(await fetchPrograms());
const secondsEach = await onOpenBao();
if (LARGER.length > 0) await onAFake(secondsEach * 1000);

/** Returns how long one raw read took. */
async function onOpenBao(): Promise<number> {
  const bao = await startBao();
  try {
    return await against(bao);
  } finally {
    await bao.stop();
  }
}

async function against(bao: Bao): Promise<number> {
  const { address, ca } = bao;
  const world = await aWorldOn({ address, ca }, KEYS);
  const generation = aGeneration();
  await pLimit(AT_ONCE).map(idsOf(KEYS), (id) =>
    bao.api('POST', `secret/data/keyturn/${id}/record`, {
      data: { doc: recordText(id, 1, generation) },
      options: { cas: 0 },
    }),
  );
  await bao.writePolicy('reads', 'path "secret/*" { capabilities = ["read", "list"] }');
  const env = { BENCH_VAULT: address, BENCH_CA: ca, BENCH_TOKEN: await bao.tokenFor('reads') };
  assertPlanned(world, env);
  const ran = await interleaved(
    {
      baseline: { ...withPeak(node(baseline('plan-vault'), [], world.folder)), env },
      plan: { ...withPeak(node(KEYTURN, ['plan'], world.folder)), env },
    },
    ROUNDS,
  );
  world.close();
  const [least, plan] = [medianSeconds(ran.baseline), medianSeconds(ran.plan)];
  const peak = median(ran.plan.map((each) => each.peak ?? 0));
  tell(`${KEYS} keys: raw reads ${milliseconds(least)}, plan ${milliseconds(plan)} and ${peak.toFixed(0)} MiB`);
  judge(`plan of ${KEYS} keys on OpenBao / reading the same`, plan / least, { atMost: 1.25 });
  judge(`memory of the plan / ${MOST_MEMORY} MiB`, peak / MOST_MEMORY, { atMost: 1 });
  return (least / KEYS) * AT_ONCE;
}

async function onAFake(latency: number): Promise<void> {
  const fake = spawn(process.execPath, [beside('vault-fake'), latency.toFixed(1)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(fake.stdout, 'data')) as [Buffer];
  const address = said.toString().trim();
  try {
    let before: { keys: number; peak: number } | undefined;
    for (const keys of LARGER) {
      const world = await aWorldOn({ address }, keys);
      const env = { BENCH_TOKEN: 'not-checked' };
      const { seconds, peak } = await run({ ...withPeak(node(KEYTURN, ['plan'], world.folder)), env });
      world.close();
      const ran = { keys, peak: peak ?? 0 };
      const more = before && ((ran.peak - before.peak) * 2 ** 20) / (keys - before.keys);
      const growth = more === undefined ? '' : `, ${more.toFixed(0)} bytes for each key more`;
      tell(
        `${keys} keys, ${latency.toFixed(1)} ms each: ${milliseconds(seconds)}, ${ran.peak.toFixed(0)} MiB${growth}`,
      );
      before = ran;
    }
  } finally {
    fake.kill();
    await once(fake, 'exit');
  }
}

async function aWorldOn(server: { address: string; ca?: string }, keys: number): Promise<World> {
  const world = await aWorld(keys, { store: 'vault' });
  keepInVault(world, server);
  return world;
}

/** What cannot be read is planned quickly: only a plan of keys in service counts. */
function assertPlanned({ folder }: World, env: NodeJS.ProcessEnv): void {
  const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 2 ** 28, encoding: 'utf8' } as const;
  const { keys } = JSON.parse(execFileSync(process.execPath, [KEYTURN, 'plan', '-o', 'json'], options)) as {
    keys: { key: string; reason: string }[];
  };
  const odd = keys.find(({ reason }) => reason !== 'not-due');
  if (odd) throw new Error(`${odd.key} is not in service: ${odd.reason}`);
}
