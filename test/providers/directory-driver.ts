import { nodeKeys } from '../../providers/keys.ts';
import { openDirectory } from '../../providers/stores/directory.ts';
import { systemClock } from '../../src/clock.ts';

/**
 * A worker that turns one key over as fast as it can, until it is killed: the program of directory-kill.test.ts. Each round
 * starts from what it finds. It says `ready` as it starts.
 */
const [folder = '', key = ''] = process.argv.slice(2);
const store = openDirectory(
  { path: 'store', identity: { file: 'identity.txt' } },
  { clock: systemClock, folder },
).store;
const pair = await nodeKeys().generate('ed25519', true);
process.stdout.write('ready\n');

for (;;) {
  const record = await store.readRecord(key);
  const current = await store.statCurrent(key);
  const next = (current ?? 0) + 1;
  await store.putMaterial(key, next, pair);
  await store.promote(key, { from: current, to: next, apiKey: `key-id-${next}` });
  if (current !== null) {
    await store.retireMaterial(key, current);
    await store.putEvidence(key, current, `generation ${current}\n`);
  }
  await store.writeRecord(key, `${JSON.stringify({ current: next })}\n`, record?.revision ?? 'absent');
}
