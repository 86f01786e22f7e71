import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { nodeKeys } from '../../providers/keys.ts';
import { PATIENCE } from '../../providers/stores/aws/client.ts';
import { openAws } from '../../providers/stores/aws.ts';
import { systemClock } from '../../src/clock.ts';
import { writeRecord } from '../../src/records.ts';
import { look } from '../../src/tick.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { aGeneration, aRecord } from '../build.ts';
import { startSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import { judge, tell } from './measure.ts';

/** How many calls of AWS keyturn makes, counted where they arrive, and what they cost. */

const KEYS = 29;
const DOLLARS_PER_CALL = 0.05 / 10_000;
const DOLLARS_PER_SECRET_AND_MONTH = 0.4;
const PASSES_A_MONTH = 30 * 24 * 6;

process.env.AWS_ACCESS_KEY_ID = 'AKIABENCH';
process.env.AWS_SECRET_ACCESS_KEY = 'not-checked';
const aws = await startSecretsManager();
const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-'));
const store = openAws(
  { region: aws.region, endpoint: aws.url },
  { clock: systemClock, patience: { ...PATIENCE, writesPerSecond: 1000 } },
).store;

/** Requests by operation while `work` runs. */
async function counted(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = aws.requests.length;
  await work();
  const counts: Record<string, number> = {};
  for (const { operation } of aws.requests.slice(before)) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
const dollars = (amount: number): string => `$${amount.toFixed(2)}`;

try {
  const names = Array.from({ length: KEYS }, (_, index) => `key-${index}`);
  const current = aGeneration(1, 'promoted', { at: new Date().toISOString() });
  for (const name of names) {
    await writeRecord(
      store,
      systemClock,
      null,
      aRecord({ roles: { current }, current: 1, last: 1, key: `desk/${name}` }),
    );
  }
  const stores = `stores: { aws: { kind: aws-secrets-manager, region: ${aws.region}, endpoint: "${aws.url}" } }`;
  await writeFile(join(folder, 'keyturn.yaml'), `apiVersion: keyturn/v1\n${stores}\n`);
  const keys = names.map(
    (name) => `  - { name: ${name}, application: ${name}, purpose: tax-data, rotateEvery: 30d, owner: a }`,
  );
  const policy = ['apiVersion: keyturn/v1', 'account: desk', 'venue: sandbox', 'store: aws', 'keys:', ...keys];
  await writeFile(join(folder, 'desk.yaml'), policy.join('\n'));
  const workspace = await openWorkspace({ config: join(folder, 'keyturn.yaml'), policies: join(folder, 'desk.yaml') });
  const idle = await counted(async () => {
    const { plan } = await look(workspace.ports.sources, workspace.keys, new Date());
    const busy = plan.keys.filter(({ action }) => action !== null);
    if (busy.length > 0) throw new Error(`not idle: ${busy[0]?.reason}`);
  });
  const perKey = total(idle) / KEYS;
  const monthly = perKey * 1000 * PASSES_A_MONTH * DOLLARS_PER_CALL;
  judge('calls for a key that waits, in one pass', perKey, { atMost: 1 });
  tell(`${KEYS} keys that wait: ${JSON.stringify(idle)}`);
  tell(`1,000 keys, a pass every 10 minutes: calls ${dollars(monthly)} a month`);
  tell(`1,000 keys, 2 secrets each: secrets ${dollars(2 * 1000 * DOLLARS_PER_SECRET_AND_MONTH)} a month`);

  const key = 'desk/rotation';
  const [first, second] = await Promise.all([1, 2].map(() => nodeKeys().generate('ed25519', true)));
  if (!first || !second) throw new Error('two pairs were made');
  await store.writeRecord(key, 'one', 'absent');
  await store.putMaterial(key, 1, first);
  await store.promote(key, { from: null, to: 1, apiKey: 'one' });
  const steps: Record<string, () => Promise<unknown>> = {
    'a record write': () => store.writeRecord(key, 'two', 1),
    'storing a pair': () => store.putMaterial(key, 2, second),
    'promoting it': () => store.promote(key, { from: 1, to: 2, apiKey: 'two' }),
    'retiring the one before': () => store.retireMaterial(key, 1),
    'storing its evidence': () => store.putEvidence(key, 1, 'seen dead'),
  };
  for (const [step, work] of Object.entries(steps)) {
    const counts = await counted(work);
    tell(`${step}: ${total(counts)} calls (${JSON.stringify(counts)})`);
  }
} finally {
  await aws.close();
  await rm(folder, { recursive: true });
}
