import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyRecord, type KeyRecord } from '../../src/core/record.ts';
import { readRecord, writeRecord } from '../../src/records.ts';
import { keyturn } from '../cli/keyturn.ts';
import { isSame } from '../contract/cases/material.ts';
import { describeWith } from '../programs/index.ts';
import { type Shelf, shelves } from './shelves.ts';
import { aWorld, KEY, type Setting, type World } from './world.ts';

/** A key leaves its policy, and another name goes on with what the store has of it. */

const NEW = 'desk/maker';

const run = (world: World, ...args: string[]) => keyturn(args, { cwd: world.folder });
const carries = (world: World, ...args: string[]) => run(world, 'adopt', NEW, '--from', KEY, ...args);
const json = async (world: World, ...args: string[]) => JSON.parse((await run(world, ...args, '-o', 'json')).stdout);

// Tests run side by side, so each has a world of its own.
const worlds: World[] = [];
afterAll(() => Promise.all(worlds.map((world) => world.close())));

async function open(setting: Setting = {}): Promise<World> {
  const world = await aWorld({ at: 'now', venue: ', proof: { groups: 2, apart: 0s }', ...setting });
  worlds.push(world);
  return world;
}

/** Generation 1 is current, and the policy calls the key otherwise. */
async function left(setting?: Setting): Promise<World> {
  const world = await open(setting);
  await world.turnsOver();
  await world.renames('maker');
  return world;
}

/** Generation 2 is current, 1 was before it. */
async function turnedOver(setting?: Setting): Promise<World> {
  const world = await open(setting);
  await world.turnsOver();
  await world.rotate({ reason: 'drill', compromised: null });
  await world.turnsOver();
  return world;
}

const storeOf = ({ workspace: { ports, keys } }: World) =>
  ports.materialStore(keys[0] ?? { store: 'local', passphrase: 'required' });
const pairs = ({ generations }: KeyRecord) =>
  generations.map(({ generation, fingerprint, apiKey, baseline }) => ({ generation, fingerprint, apiKey, baseline }));

/** Nothing is uncovered, lost or torn, and the evidence says who carried it over. */
async function expectSound(world: World): Promise<void> {
  const [status, doctor, evidence] = await Promise.all([
    json(world, 'status'),
    json(world, 'doctor', '--offline'),
    json(world, 'evidence', NEW),
  ]);
  expect(status.keys.map(({ key }: { key: string }) => key)).toEqual([NEW]);
  const about = doctor.findings.filter(({ subject }: { subject: string }) => subject.startsWith('desk/'));
  expect(about.map(({ code }: { code: string }) => code)).toEqual([]);
  expect(evidence.intact).toBe(true);
  const entries = evidence.generations.flatMap((each: { entries: object[] }) => each.entries);
  expect(entries).toContainEqual(
    expect.objectContaining({ event: 'carried-over', by: 'maria', detail: { from: KEY, to: NEW } }),
  );
}

const STORES = shelves('directory', 'two directories, one for passphrases', 'OpenBao', 'a strict fake of AWS');

describe.concurrent('a key with an open task', () => {
  for (const [name, { needs, open: openShelf }] of STORES) {
    describeWith(needs, `on ${name}`, () => {
      let shelf: Shelf;
      beforeAll(async () => {
        shelf = await openShelf();
      });
      afterAll(() => shelf?.close());

      it('goes on with pairs, ids and open tasks, and copies are erased with the generation', async () => {
        const world = await turnedOver({ ...(await shelf.room()), schedule: '{ overlap: 0s }' });
        expect(await world.tasks()).toMatchObject([{ kind: 'delete', generation: 1 }]);
        const before = await world.record();
        await world.renames('maker');
        expect(await carries(world, '--by', 'maria')).toMatchObject({
          status: 0,
          stdout: /goes on with desk\/spot: generation 2/,
        });
        expect(await carries(world)).toMatchObject({ status: 0, stdout: /already/ });
        expect(pairs(await world.record())).toEqual(pairs(before));
        const store = await storeOf(world);
        const [old, copied] = [await store.readMaterial(KEY, 2), await store.readMaterial(NEW, 2)];
        expect(isSame(copied, old)).toBe(true);
        expect([await store.statCurrent(KEY), await store.statCurrent(NEW)]).toEqual([2, 2]);

        await world.deletes();
        await world.apply();
        await world.apply();
        for (const each of [KEY, NEW]) expect(await store.statMaterial(each, 1)).toMatchObject({ state: 'retired' });
        await world.rotate({ reason: 'drill', compromised: null });
        await world.turnsOver();
        await world.deletes();
        await world.apply();
        expect(await world.apply()).toContain('destroy done destroyed');
        expect(await store.statMaterial(KEY, 2)).toMatchObject({ state: 'retired' });
        expect([await store.statCurrent(KEY), await store.statCurrent(NEW)]).toEqual([null, 3]);
        await expectSound(world);
      });
    });
  }
});

describe.concurrent('in the middle of a rotation', () => {
  it('during the overlap, which can still be rolled back', async () => {
    const world = await turnedOver();
    await world.renames('maker');
    expect((await carries(world)).status).toBe(0);
    expect(await world.apply()).toEqual(['overlap']);
    expect((await run(world, 'rollback', NEW, '--reason', 'orders are refused')).status).toBe(0);
    expect(await (await storeOf(world)).statCurrent(NEW)).toBe(1);
  });

  it('with a pair that waits to be registered: the card goes on under the new name', async () => {
    const world = await open();
    await world.apply();
    const [before] = await world.tasks();
    await world.renames('maker');
    expect((await carries(world)).status).toBe(0);
    const [task] = await world.tasks();
    expect(task).toMatchObject({ key: NEW, publicKey: before?.publicKey, label: 'maker-g1' });
    await world.registers();
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
  });

  it('with a leaked key: its deletion and replacement go on', async () => {
    const world = await open();
    await world.turnsOver();
    await world.rotate({ reason: 'leaked', compromised: 'current' });
    await world.renames('maker');
    expect((await carries(world)).status).toBe(0);
    expect(await world.apply()).toContain('generate done generated');
    expect((await world.tasks()).map(({ kind }) => kind)).toContain('delete');
  });

  it('until then status, doctor and audit call it uncovered, and say what to do', async () => {
    const world = await left();
    const [status, doctor, audit] = await Promise.all([
      json(world, 'status'),
      json(world, 'doctor', '--offline'),
      json(world, 'audit'),
    ]);
    expect(status.keys).toContainEqual(expect.objectContaining({ key: KEY, phase: 'uncovered' }));
    for (const { findings } of [doctor, audit])
      expect(findings).toContainEqual(expect.objectContaining({ subject: KEY, code: 'uncovered' }));
    expect(JSON.stringify([doctor, audit]).match(/keyturn adopt KEY --from desk\/spot/g)).toHaveLength(2);
    await carries(world);
    expect((await json(world, 'audit')).findings.map(({ subject }: { subject: string }) => subject)).toEqual([NEW]);
  });

  it('twice: a name that was carried over is carried further, and old evidence still fits', async () => {
    const world = await left({ schedule: '{ overlap: 0s }' });
    await carries(world, '--by', 'maria');
    await world.renames('taker');
    expect((await run(world, 'adopt', 'desk/taker', '--from', NEW)).status).toBe(0);
    await world.rotate({ reason: 'drill', compromised: null });
    await world.turnsOver();
    await world.deletes();
    await world.apply();
    expect(await world.apply()).toContain('destroy done destroyed');
    const store = await storeOf(world);
    for (const each of [KEY, NEW, 'desk/taker'])
      expect(await store.statMaterial(each, 1)).toMatchObject({ state: 'retired' });
    const { intact, generations } = JSON.parse((await run(world, 'evidence', 'desk/taker', '-o', 'json')).stdout);
    expect({ intact, keys: generations.map(({ key }: { key: string }) => key) }).toEqual({
      intact: true,
      keys: [KEY, 'desk/taker'],
    });
  });
});

interface Bad {
  given?: (world: World) => Promise<unknown>;
  args?: string[];
  setting?: Setting;
  status?: number;
  says: RegExp;
}

const OTHER_STORE: Setting = {
  configuration: 'stores: { second: { kind: directory, path: .keyturn/second } }\n',
};

/** The record of the old name, as something else left it. */
const amending =
  (change: (record: KeyRecord) => KeyRecord) =>
  async (world: World): Promise<void> => {
    const store = await world.workspace.ports.store('local');
    const record = await readRecord(store, KEY);
    if (record === null) throw new Error('there is no record');
    const text = JSON.stringify({ ...change(record), revision: record.revision + 1 });
    await store.writeRecord(KEY, text, record.revision);
  };

const BAD: Record<string, Bad> = {
  'a name no store has': {
    args: ['adopt', NEW, '--from', 'desk/spto'],
    says: /no store has a key desk\/spto that left its policy.*\n.*did you mean desk\/spot\?/,
  },
  'a key that is still in the policy': {
    given: (world) => world.renames('spot'),
    args: ['adopt', KEY, '--from', KEY],
    says: /desk\/spot is still in the policy/,
  },
  'a key whose record is kept by formerly': {
    given: (world) => world.renames('maker, formerly: spot'),
    says: /desk\/maker goes on with desk\/spot by formerly already/,
  },
  'a new name that has a record already': {
    given: (world) => world.apply(),
    says: /desk\/maker has a record of its own, up to generation 1.*\n.*formerly: spot/,
  },
  'a name of another account': {
    args: ['adopt', NEW, '--from', 'other/spot'],
    says: /is of another account than desk\/maker/,
  },
  'a key of another store': {
    setting: OTHER_STORE,
    given: (world) => world.movesTo('second'),
    says: /desk\/spot lies in store local, desk\/maker belongs to second/,
  },
  'beside a key id': {
    args: ['adopt', NEW, 'an-id', '--from', KEY],
    status: 64,
    says: /takes key id and private half from the store/,
  },
  'a new name the policy does not have': {
    args: ['adopt', 'desk/makre', '--from', KEY],
    status: 64,
    says: /did you mean desk\/maker/,
  },
  'a step that was left half done': {
    given: amending((record) => ({ ...record, intent: { action: 'destroy', generation: 1, at: record.writtenAt } })),
    says: /a run stopped while it was to destroy generation 1.*\n.*bring desk\/spot back/,
  },
  'a worker in the middle of a step': {
    given: amending((record) => ({
      ...record,
      claim: { by: 'worker-7', nonce: 'n', until: new Date(Date.now() + 60_000).toISOString() },
    })),
    says: /worker-7 is in the middle of a step/,
  },
  'a record that is older than its store': {
    given: amending((record) => ({ ...record, current: null })),
    says: /applications read generation 1, its record says generation none/,
  },
};

describe.concurrent('is refused, and changes nothing', () => {
  it.each(Object.entries(BAD))('%s', async (_, { given, args, setting, status = 1, says }) => {
    const world = await left(setting);
    await given?.(world);
    const store = await world.workspace.ports.store('local');
    const before = [await store.readRecord(KEY), await store.readRecord(NEW)];
    const ran = await run(world, ...(args ?? ['adopt', NEW, '--from', KEY]));
    expect(ran.stderr).toMatch(says);
    expect(ran.status).toBe(status);
    expect([await store.readRecord(KEY), await store.readRecord(NEW)]).toEqual(before);
  });

  it('another name that was to go on with it at the same time: it is free again', async () => {
    const world = await left();
    const store = await world.workspace.ports.store('local');
    const draft = { ...emptyRecord(NEW), arrivesFrom: KEY };
    await writeRecord(store, { now: () => world.now() }, null, draft);
    expect(await world.apply()).toEqual(['carry-over-unfinished']);
    await amending((record) => ({ ...record, movedTo: 'desk/taker' }))(world);
    expect(await carries(world)).toMatchObject({ status: 1, stderr: /it went to desk\/taker already/ });
    expect((await world.apply()).at(-1)).toBe('waiting-for-registration');
  });

  it('a name that was carried over is not used again: it holds still and says where it went', async () => {
    const world = await left();
    await carries(world);
    await world.renames('spot');
    expect(await world.apply()).toEqual(['carried-over']);
    const { stdout } = await run(world, 'plan');
    expect(stdout).toContain('carried over to desk/maker; give this key another name');
  });
});
