import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceChain } from '../../src/core/evidence-chain.ts';
import type { KeyRecord } from '../../src/core/record.ts';
import { readRecord } from '../../src/records.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { aWorld, KEY, type World } from '../flow/world.ts';
import { turnFileClock } from './clock.ts';
import type { Order } from './orders.ts';
import { aWorker, bundledPrograms, type Worker } from './processes.ts';
import type { Stop } from './stops.ts';

/**
 * A key is carried over to another name, and later erased under both: the process is killed by SIGKILL after each write, and
 * running again ends it. Every row begins with a copy of the same folder.
 */

const NEW = 'desk/maker';
const after = (what: string, nth = 1): Stop => ({ moment: 'after', what, nth });

const CARRYING: Record<string, Stop> = {
  'the new name is taken': after('record arriving'),
  'the old name is held': after('record leaving'),
  'old evidence is copied': after('putEvidence'),
  'a pair is half copied': after('half of meta.json'),
  'one of two pairs is copied': after('putMaterial'),
  'both pairs are copied': after('putMaterial', 2),
  'applications are shown the previous one': after('promote'),
  'they are to be shown the current one': after('link promotions/N', 2),
  'they are shown the current one': after('promote', 2),
  'all of it is there': after('record carried-over'),
};

const ERASING: Record<string, Stop> = {
  'it is erased under its name': after('retireMaterial'),
  'what was read under the old name is withdrawn, the link still there': after('link promotions/N'),
  'what was read under the old name is withdrawn': after('withdraw'),
  'it is half erased under the old name': after('unlink key.pem.age', 2),
  'it is erased under both': after('retireMaterial', 2),
};

let programs: string;
let world: World;
beforeAll(async () => {
  [programs, world] = await Promise.all([bundledPrograms(), aWorld()]);
}, 60_000);
afterAll(async () => {
  await world?.close();
  await rm(programs, { recursive: true });
});

/** What somebody finds in a folder after everything. */
async function found(folder: string) {
  const workspace = await openWorkspace({ config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies') });
  const store = await workspace.ports.store('local');
  const [old, own] = [await readRecord(store, KEY), await readRecord(store, NEW)];
  return { store, old, own: own as KeyRecord };
}

/** Kills a worker there, lets the next one see how things stand, and repeats the order until it is answered. */
async function killed(folder: string, order: Order, stop: Stop): Promise<{ between: unknown; end: unknown }> {
  turnFileClock(join(folder, 'clock'), world.now());
  const worker: Worker = aWorker(programs, folder);
  try {
    expect(await worker.ask({ ...order, stop })).toBeNull();
    const between = await worker.ask({ order: 'pass' });
    // The claim of the dead ends.
    turnFileClock(join(folder, 'clock'), new Date(world.now().getTime() + 20 * 60_000));
    return { between, end: await worker.ask(order) };
  } finally {
    await worker.end();
  }
}

let copies = 0;
async function copyOf(folder: string): Promise<string> {
  const copy = `${folder}-${++copies}`;
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

async function rotatesAndErases(): Promise<void> {
  await world.rotate({ reason: 'drill', compromised: null });
  await world.turnsOver();
  world.forward({ hours: 25 });
  await world.apply();
  await world.deletes();
  await world.apply();
  world.forward({ minutes: 11 });
}

describe('a key whose overlap lasts, with old evidence, is carried over; killed after', () => {
  let before: KeyRecord;
  beforeAll(async () => {
    await world.turnsOver();
    await rotatesAndErases();
    await world.apply();
    await world.rotate({ reason: 'drill', compromised: null });
    await world.turnsOver();
    before = await world.record();
    expect(before).toMatchObject({ current: 3, generations: [{ generation: 2 }, { generation: 3 }], last: 3 });
    await world.renames('maker');
  }, 60_000);

  it.concurrent.each(Object.entries(CARRYING))('%s', async (_, stop) => {
    const folder = await copyOf(world.folder);
    const { between, end } = await killed(folder, { order: 'carry-over', from: KEY }, stop);
    expect(between).toMatchObject({ actions: [] });
    expect(end).toMatchObject({ actions: [expect.stringMatching(/carried|already/)] });
    const { store, old, own } = await found(folder);
    expect(old?.movedTo).toBe(NEW);
    const lasting = ({ generations, history, evidenceHead, current, last }: KeyRecord) => ({
      pairs: generations.map(({ generation, fingerprint, apiKey }) => ({ generation, fingerprint, apiKey })),
      history,
      evidenceHead,
      current,
      last,
    });
    expect(own.arrivesFrom).toBeUndefined();
    expect(lasting(own)).toEqual(lasting(before));
    const document = await store.readEvidence(NEW, 1);
    expect(evidenceChain(own, new Map([[1, document ?? '']])).breaks).toEqual([]);
    expect(await store.statCurrent(NEW)).toBe(3);
    for (const generation of [2, 3])
      expect((await store.readMaterial(NEW, generation)).fingerprint).toBe(
        (await store.readMaterial(KEY, generation)).fingerprint,
      );
    await rm(folder, { recursive: true });
  });
});

describe('a generation that was carried over is proven dead and erased; killed after', () => {
  beforeAll(async () => {
    turnFileClock(join(world.folder, 'clock'), world.now());
    const worker = aWorker(programs, world.folder);
    expect(await worker.ask({ order: 'carry-over', from: KEY })).toMatchObject({ actions: ['carried'] });
    await worker.end();
    world.forward({ hours: 25 });
    await world.apply();
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    await world.apply();
    await rotatesAndErases();
  }, 60_000);

  it.concurrent.each(Object.entries(ERASING))('%s', async (_, stop) => {
    const folder = await copyOf(world.folder);
    await killed(folder, { order: 'pass' }, stop);
    const { store, own } = await found(folder);
    expect(own.generations.map(({ generation }) => generation)).toEqual([4]);
    for (const name of [KEY, NEW]) expect(await store.statMaterial(name, 3)).toMatchObject({ state: 'retired' });
    expect([await store.statCurrent(KEY), await store.statCurrent(NEW)]).toEqual([null, 4]);
    expect((await store.examine()).filter(({ key }) => key)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
