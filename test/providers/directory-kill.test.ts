import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { aPair } from '../contract/cases/material.ts';
import { seeded } from '../seeded.ts';
import { folders, KEY } from './directory-folder.ts';

const aFolder = folders();
const KILLS = 30;
const LONGEST_LIFE_MS = 400;

async function bundledDriver(folder: string): Promise<string> {
  const input = fileURLToPath(new URL('directory-driver.ts', import.meta.url));
  await build({
    input,
    platform: 'node',
    output: { dir: folder, format: 'esm', entryFileNames: 'driver.mjs' },
    logLevel: 'silent',
  });
  return join(folder, 'driver.mjs');
}

/** Lets a worker run for a while, then stops it at whatever instruction it has reached. */
async function runAndKill(driver: string, folder: string, lifeMs: number): Promise<void> {
  const worker = spawn(process.execPath, [driver, folder, KEY], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(worker.stdout, 'data');
  await sleep(lifeMs);
  worker.kill('SIGKILL');
  const [, signal] = worker.signalCode === null ? await once(worker, 'exit') : [null, worker.signalCode];
  expect(signal).toBe('SIGKILL');
}

/** Whatever was half done, readers and the next worker must not notice. */
async function expectWhole(store: Store, fileOf: (...path: string[]) => string): Promise<void> {
  const record = await store.readRecord(KEY);
  if (record) expect(JSON.parse(record.text)).toEqual({ current: expect.any(Number) });
  const current = await store.statCurrent(KEY);
  for (const generation of await store.listGenerations(KEY)) {
    const { state } = await store.statMaterial(KEY, generation);
    expect(['live', 'retired']).toContain(state);
    if (state === 'live') expect((await store.readMaterial(KEY, generation)).passphrase).not.toBeNull();
    else await expect(store.readMaterial(KEY, generation)).rejects.toMatchObject({ code: 'gone' });
    const evidence = await store.readEvidence(KEY, generation);
    if (evidence !== null) expect(evidence).toBe(`generation ${generation}\n`);
  }
  if (current === null) return;
  expect(await store.statMaterial(KEY, current)).toMatchObject({ state: 'live' });
  expect(await readFile(fileOf('gen', `${current}`.padStart(6, '0'), 'api-key.txt'), 'utf8')).toBe(`key-id-${current}`);
}

it(`a worker killed at ${KILLS} random moments leaves a store that is whole and goes on`, async () => {
  const { folder, inside, open } = await aFolder();
  const driver = await bundledDriver(join(folder, 'driver'));
  const random = seeded(20_261_124);
  let revisions = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    await runAndKill(driver, folder, random() * LONGEST_LIFE_MS);
    await expectWhole(open(), inside);
    const revision = (await open().readRecord(KEY))?.revision ?? 0;
    expect(revision).toBeGreaterThanOrEqual(revisions);
    revisions = revision;
  }
  // How many rounds were finished is a matter of how busy the machine is; that some were is not.
  expect(revisions).toBeGreaterThan(0);

  const store = open();
  const current = await store.statCurrent(KEY);
  const next = (current ?? 0) + 2;
  expect(await store.putMaterial(KEY, next, await aPair())).toBe('created');
  expect(await store.promote(KEY, { from: current, to: next, apiKey: 'afterwards' })).toBe('moved');
  expect(await readFile(inside('current', 'api-key.txt'), 'utf8')).toBe('afterwards');
  expect(await store.writeRecord(KEY, 'afterwards', revisions)).toBe(revisions + 1);
  expect(await readdir(inside('record'))).toContain(`${revisions + 1}`.padStart(8, '0').concat('.json'));
});
