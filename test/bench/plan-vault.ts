import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import pLimit from 'p-limit';
import { startBao } from '../programs/bao.ts';
import { fetchPrograms } from '../programs/fetch.ts';
import { interleaved, judge, median, medianSeconds, milliseconds, node, tell, withPeak } from './measure.ts';
import { addRecords, aWorld, baseline, KEYTURN, keepInVault } from './world.ts';

/** Planning many keys on a real OpenBao, against raw reads of the same records, as many at once. */

const IS_QUICK = process.argv.includes('--quick');
const KEYS = IS_QUICK ? 1_000 : 10_000;
const ROUNDS = IS_QUICK ? 3 : 5;
const MOST_MEMORY = 200;
const WRITTEN_AT_ONCE = 16;

process.env.KEYTURN_TEST_PROGRAMS = JSON.stringify(await fetchPrograms());
const bao = await startBao();
const world = await aWorld(KEYS);
try {
  addRecords(world, KEYS);
  const records = join(world.folder, '.keyturn', 'store');
  const ids = readdirSync(records).flatMap((account) =>
    readdirSync(join(records, account)).map((name) => `${account}/${name}`),
  );
  await pLimit(WRITTEN_AT_ONCE).map(ids, async (id) => {
    const newest =
      readdirSync(join(records, id, 'record'))
        .sort()
        .at(-1) ?? '';
    const doc = readFileSync(join(records, id, 'record', newest), 'utf8');
    await bao.api('POST', `secret/data/keyturn/${id}/record`, { data: { doc }, options: { cas: 0 } });
  });
  keepInVault(world, bao);
  await bao.writePolicy('reads', 'path "secret/*" { capabilities = ["read", "list"] }');
  const env = { BENCH_VAULT: bao.address, BENCH_CA: bao.ca, BENCH_TOKEN: await bao.tokenFor('reads') };
  const ran = await interleaved(
    {
      baseline: { ...withPeak(node(baseline('plan-vault'), [], world.folder)), env },
      plan: { ...withPeak(node(KEYTURN, ['plan'], world.folder)), env },
    },
    ROUNDS,
  );
  const [least, plan] = [medianSeconds(ran.baseline), medianSeconds(ran.plan)];
  const peak = median(ran.plan.map((each) => each.peak ?? 0));
  tell(`${KEYS} keys: raw reads ${milliseconds(least)}, plan ${milliseconds(plan)} and ${peak.toFixed(0)} MiB`);
  judge(`plan of ${KEYS} keys on OpenBao / reading the same`, plan / least, { atMost: 1.25 });
  judge(`memory of the plan / ${MOST_MEMORY} MiB`, peak / MOST_MEMORY, { atMost: 1 });
} finally {
  world.close();
  await bao.stop();
}
