import { copyFile, cp, readdir, readFile, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, describe, expect, it } from 'vitest';
import { recordKeyId } from '../../src/commands/register.ts';
import type { Finding } from '../../src/core/doctor/finding.ts';
import { tasksOf } from '../../src/core/tasks.ts';
import { examine } from '../../src/doctor/examine.ts';
import { fix } from '../../src/doctor/fix.ts';
import { readRecord } from '../../src/records.ts';
import { act } from '../../src/steps/act.ts';
import { adopt } from '../../src/steps/adopt.ts';
import type { Tools } from '../../src/steps/step.ts';
import { takeKeyId } from '../../src/steps/take-key-id.ts';
import { keyNamed, openWorkspace, toolsFor, type Workspace } from '../../src/workspace.ts';
import { aPair } from '../contract/cases/material.ts';
import { aWorld, KEY, type Setting, type World } from './world.ts';

/** Every finding comes from a real situation: files, records, a sandbox, a clock that was turned. */

let world: World;
afterEach(() => world.close());

const TWO_KEYS = ' }, { name: tax, application: tax, purpose: tax-data, rotateEvery: 30d, owner: finance';
const TAX = 'desk/tax';

async function open(setting: Setting = {}): Promise<World> {
  world = await aWorld(setting);
  await rm(join(world.folder, '.keyturn/recovery.txt'));
  return world;
}

/** Generation 1 is current and works. */
async function settled(setting?: Setting): Promise<World> {
  await open(setting);
  await world.apply();
  await world.registers();
  await world.apply();
  return world;
}

/** Generation 2 is current, 1 is to be deleted. */
async function revoking(setting?: Setting): Promise<World> {
  await settled(setting);
  await world.rotate({ reason: 'drill', compromised: null });
  await world.apply();
  await world.registers();
  await world.apply();
  world.forward({ hours: 25 });
  await world.apply();
  return world;
}

/** Generation 1 is dead, destroyed and closed, 2 is current. */
async function rotated(setting?: Setting): Promise<World> {
  await revoking(setting);
  await world.deletes();
  await world.apply();
  world.forward({ minutes: 11 });
  await world.apply();
  return world;
}

/** As another process finds it: nothing is remembered. */
const reopened = (): Promise<Workspace> =>
  openWorkspace({
    config: join(world.folder, 'keyturn.yaml'),
    policies: join(world.folder, 'policies'),
    clock: { now: () => world.now() },
  });

async function findings(offline = false): Promise<Finding[]> {
  const workspace = await reopened();
  return examine({ workspace, only: null, offline, by: 'test' });
}

async function fixed(id: string = KEY) {
  const workspace = await reopened();
  return fix({ workspace, offline: false, by: 'test' }, keyNamed(workspace.keys, id));
}

const inKey = (...path: string[]) => join(world.folder, '.keyturn/store', KEY, ...path);
const apiKeyOf = async (generation: number) =>
  (await world.record()).generations.find((each) => each.generation === generation)?.apiKey ?? '';
const edit = async (fields: Record<string, string>) =>
  world.post('edit', { apiKey: await apiKeyOf(1), enableReading: 'on', enableSpotAndMarginTrading: 'on', ...fields });

async function newestRecord(): Promise<string> {
  return inKey('record', (await readdir(inKey('record'))).sort().at(-1) ?? '');
}
async function rewriteRecord(from: string, to: string): Promise<void> {
  const text = await readFile(await newestRecord(), 'utf8');
  expect(text).toContain(from);
  await writeFile(await newestRecord(), text.replace(from, to));
}

/** The process is gone once it has written the record `writes` times. */
async function stoppedAfter(writes: number, action: 'generate' | 'promote' | 'destroy', generation: number) {
  const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'worker');
  let left = writes;
  const writeRecord: Tools['store']['writeRecord'] = async (...args) => {
    if (left-- > 0) return tools.store.writeRecord(...args);
    throw new Error('stopped');
  };
  const stopping = { ...tools, store: { ...tools.store, writeRecord } };
  await expect(act(stopping, await world.record(), action, generation)).rejects.toThrow('stopped');
}

/** Next is registered and verified, consumers do not read it yet. */
async function verified(): Promise<World> {
  await open();
  await world.apply();
  await world.registers();
  const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'test');
  await act(tools, await world.record(), 'verify', 1);
  return world;
}

const evidenceOf = (generation: number): Promise<string> =>
  readFile(inKey(`evidence/00000${generation}.json`), 'utf8').catch(() => '');

const after = (first: () => Promise<unknown>, then: () => Promise<unknown>) => async () => {
  await first();
  await then();
};

const SITUATIONS: Record<string, [codes: string[], happened: () => Promise<unknown>]> = {
  'all is well before anything was made': [[], () => open()],
  'all is well in the middle of a life': [[], () => rotated()],
  'all is well while a previous key has time to be deleted': [[], () => revoking()],

  'all is well with a key that was adopted by its id alone, of which consumers read nothing': [
    [],
    async () => {
      await open();
      const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'test');
      await adopt(tools, null, { apiKey: 'a'.repeat(64), pair: null, taken: [] });
    },
  ],

  'the newest text of the record is broken': [
    ['record-unreadable'],
    after(settled, () => writeFile(inKey('record/00000099.json'), '{"v":1,')),
  ],
  'the record is gone, the material is there': [
    ['record-lost'],
    after(settled, () => rm(inKey('record'), { recursive: true })),
  ],
  'a key left its policy': [
    ['uncovered'],
    async () => {
      await settled({ key: TWO_KEYS });
      await writeFile(
        join(world.folder, 'policies/desk.yaml'),
        (await readFile(join(world.folder, 'policies/desk.yaml'), 'utf8')).replace(TWO_KEYS, ''),
      );
    },
  ],
  'a restored backup of the record knows less than the store': [
    ['record-outdated', 'current-differs'],
    async () => {
      await settled();
      const backup = await newestRecord();
      await world.rotate({ reason: 'drill', compromised: null });
      await world.apply();
      await world.registers();
      await world.apply();
      for (const name of await readdir(inKey('record')))
        if (inKey('record', name) > backup) await unlink(inKey('record', name));
    },
  ],
  'a worker is in the middle of a step': [
    ['claimed'],
    async () => {
      await verified();
      await stoppedAfter(1, 'promote', 1);
    },
  ],
  'a worker died after its claim': [
    ['dead-claim', 'unfinished-step'],
    async () => {
      await verified();
      await stoppedAfter(1, 'promote', 1);
      world.forward({ minutes: 20 });
    },
  ],

  'the material of the current key was deleted': [
    ['material-missing'],
    after(settled, () => rm(inKey('gen/000001'), { recursive: true })),
  ],
  'another pair stands where the current one was': [
    ['fingerprint-differs'],
    async () => {
      await settled();
      await rm(inKey('gen/000001'), { recursive: true });
      await (await world.workspace.ports.store('local')).putMaterial(KEY, 1, await aPair());
    },
  ],
  'the identity is another one': [
    ['material-unreadable'],
    async () => {
      await settled();
      const identity = await generateX25519Identity();
      const own = await identityToRecipient(identity);
      await writeFile(join(world.folder, '.keyturn/identity.txt'), `${identity}\n`);
      await writeFile(
        join(world.folder, '.keyturn/recipients.txt'),
        `${await identityToRecipient(await generateX25519Identity())}\n${own}\n`,
      );
    },
  ],
  'a private half nobody knows lies in the store': [
    ['material-unknown'],
    async () => {
      await rotated();
      await rm(inKey('gen/000001'), { recursive: true });
      await (await world.workspace.ports.store('local')).putMaterial(KEY, 1, await aPair());
    },
  ],
  'a destroyed private half came back with a backup': [
    ['erased-still-there'],
    async () => {
      await revoking();
      await cp(inKey('gen/000001'), inKey('backup'), { recursive: true });
      await world.deletes();
      await world.apply();
      world.forward({ minutes: 11 });
      await world.apply();
      await rm(inKey('gen/000001'), { recursive: true });
      await rename(inKey('backup'), inKey('gen/000001'));
    },
  ],
  'files of a stopped run lie about': [
    ['left-over-files'],
    async () => {
      await settled();
      const longAgo = new Date(Date.now() - 2 * 3_600_000);
      await writeFile(inKey('record/.tmp-1-a'), '{"half":');
      await utimes(inKey('record/.tmp-1-a'), longAgo, longAgo);
    },
  ],
  'something else stands where the store should be': [
    ['store-unreachable'],
    async () => {
      await open();
      await writeFile(join(world.folder, '.keyturn/store'), '');
    },
  ],
  'the next key was registered in another account': [
    ['next-not-as-policy', 'unverified'],
    async () => {
      await settled();
      await world.rotate({ reason: 'drill', compromised: null });
      await world.apply();
      const [task] = await world.tasks();
      const created = await world.post('create', {
        account: 'elsewhere',
        label: 'x',
        publicKey: task?.publicKey ?? '',
        enableReading: 'on',
        enableSpotAndMarginTrading: 'on',
        ipAllowlist: '127.0.0.1',
      });
      const { apiKey } = (await created.json()) as { apiKey: string };
      await recordKeyId(world.workspace, keyNamed(world.workspace.keys, KEY), apiKey);
    },
  ],
  'readers are shown another generation than was promoted': [
    ['current-link'],
    async () => {
      await revoking();
      await unlink(inKey('current'));
      await symlink('gen/000001', inKey('current'));
    },
  ],

  'the evidence of a finished generation is gone': [
    ['evidence-missing'],
    after(rotated, () => unlink(inKey('evidence/000001.json'))),
  ],
  'the evidence of a finished generation was changed': [
    ['evidence-altered'],
    async () => {
      await rotated();
      const text = await readFile(inKey('evidence/000001.json'), 'utf8');
      await writeFile(inKey('evidence/000001.json'), text.replace('"dead"', '"alive"'));
    },
  ],
  'the evidence of a live generation was changed': [
    ['evidence-broken'],
    async () => {
      await settled();
      await rewriteRecord('"event":"promoted"', '"event":"demoted"');
    },
  ],
  'the record forgot a finished generation': [
    ['evidence-broken'],
    async () => {
      await rotated();
      const { history, ...record } = JSON.parse(await readFile(await newestRecord(), 'utf8'));
      await writeFile(await newestRecord(), JSON.stringify({ ...record, history: history.slice(1) }));
    },
  ],

  'a key id was handed in and not verified': [
    ['unverified'],
    async () => {
      await open();
      await world.apply();
      await world.registers();
    },
  ],
  'a key id was handed in long ago and never worked': [
    ['unverified-long'],
    async () => {
      await open();
      await world.apply();
      await world.registers();
      world.forward({ days: 4 });
    },
  ],
  'a person forgot to register': [
    ['task-overdue'],
    async () => {
      await open();
      await world.apply();
      world.forward({ days: 4 });
    },
  ],
  'a previous key still works after its deadline and the next rotation is due': [
    ['previous-still-works', 'task-overdue', 'debt'],
    async () => {
      await revoking();
      world.forward({ days: 28 });
    },
  ],
  'ids were handed in and replaced': [
    ['surplus-keys', 'next-not-as-policy', 'unverified'],
    async () => {
      await settled();
      await world.rotate({ reason: 'drill', compromised: null });
      await world.apply();
      const spot = keyNamed(world.workspace.keys, KEY);
      await recordKeyId(world.workspace, spot, 'a'.repeat(64));
      await recordKeyId(world.workspace, spot, 'b'.repeat(64));
    },
  ],

  'somebody deleted the current key': [
    ['current-dead'],
    async () => {
      await settled();
      await world.post('delete', { apiKey: await apiKeyOf(1) });
    },
  ],
  'the allowlist of the current key does not let keyturn in any more': [
    ['current-refused'],
    after(settled, () => edit({ ipRestrict: 'on', ipAllowlist: '203.0.113.9' })),
  ],
  'the current key may do more than its policy says': [
    ['permissions-changed'],
    after(settled, () => edit({ enableFutures: 'on' })),
  ],
  'the allowlist of the current key was removed': [
    ['allowlist-removed'],
    after(settled, () => edit({ ipRestrict: 'off' })),
  ],
  'another public key was registered': [
    ['wrong-public-key', 'unverified'],
    async () => {
      await open();
      await world.apply();
      await world.registers({ publicKey: (await aPair()).publicKey });
    },
  ],
  'the registered key lacks a switch': [
    ['next-not-as-policy', 'unverified'],
    async () => {
      await open();
      await world.apply();
      await world.registers({ switches: { on: ['Enable Reading'], off: [] } });
    },
  ],
  'two tasks were answered crosswise': [
    ['crosswise-ids', 'crosswise-ids', 'unverified', 'unverified'],
    () => crosswise(),
  ],

  'the venue’s clock is an hour away': [
    ['clock-skew'],
    after(settled, async () => world.sandbox.turnClock(new Date(world.now().getTime() + 3_600_000))),
  ],
  'the venue is down': [['venue-unreachable'], after(settled, () => world.sandbox.close())],
  'keyturn’s own address is not on the allowlist': [
    ['egress-not-allowed'],
    () => settled({ venue: ', inside: { address: 10.0.0.9 }' }),
  ],
  'the identity is gone': [
    ['identity-missing'],
    after(settled, () => unlink(join(world.folder, '.keyturn/identity.txt'))),
  ],
};

/** Each of two keys was registered, and each person handed in the other’s id. */
async function crosswise(): Promise<void> {
  await open({ key: TWO_KEYS });
  for (const key of world.workspace.keys) await act(await toolsFor(world.workspace, key, 'test'), null, 'generate', 1);
  const ids: string[] = [];
  for (const key of world.workspace.keys) {
    const tools = await toolsFor(world.workspace, key, 'test');
    const stored = await readRecord(tools.store, key.storedAs);
    if (!stored) throw new Error('nothing was generated');
    await act(tools, stored, 'register', 1);
    const record = await readRecord(tools.store, key.storedAs);
    const [task] = record ? tasksOf(key, record, tools.venue.capabilities, world.now()) : [];
    if (!task) throw new Error('nothing was asked');
    ids.push(await world.person.register(task));
  }
  for (const [index, key] of world.workspace.keys.entries())
    await recordKeyId(world.workspace, key, ids[1 - index] ?? '');
}

describe('doctor finds what it should, and nothing else, when', () => {
  it.each(Object.entries(SITUATIONS))('%s', async (_name, [codes, happened]) => {
    await happened();
    const found = await findings();
    expect(found.map(({ code }) => code)).toEqual(codes);
    for (const { message, next } of found) {
      expect(message).toMatch(/.{20}/);
      expect(next).toMatch(/.{10}/);
      expect(`${message} ${next}`).not.toMatch(/PRIVATE KEY|AGE-SECRET/);
    }
  });

  it('counts ids, and tells those that were replaced from those in use', async () => {
    await SITUATIONS['ids were handed in and replaced']?.[1]();
    const { message } = (await findings(true)).find(({ code }) => code === 'surplus-keys') ?? {};
    expect(message).toMatch(/^3 ids may live at the venue: \S+, bbbb…bbbb, aaaa…aaaa \(replaced\)$/);
  });

  it('is asked to leave the venue alone', async () => {
    await settled();
    await world.sandbox.close();
    expect(await findings(true)).toEqual([]);
  });
});

describe('doctor --fix', () => {
  const MENDED: Record<string, [did: RegExp[], happened: () => Promise<unknown>]> = {
    'a promotion that was made and not recorded': [
      [/released the claim/, /consumers read generation 1/],
      async () => {
        await verified();
        await stoppedAfter(1, 'promote', 1);
        world.forward({ days: 2 });
      },
    ],
    'a pair that was stored and not recorded': [
      [/released the claim/, /generation 2 is stored/],
      async () => {
        await open();
        await world.apply();
        await world.registers();
        await world.apply();
        await world.rotate({ reason: 'drill', compromised: null });
        await stoppedAfter(1, 'generate', 2);
        world.forward({ minutes: 20 });
      },
    ],
    'a destruction that was not recorded': [
      [/released the claim/, /the private half of generation 1 is erased/],
      async () => {
        await revoking();
        await world.deletes();
        await world.apply();
        world.forward({ minutes: 11 });
        const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'worker');
        await act(tools, await world.record(), 'prove', 1);
        await stoppedAfter(1, 'destroy', 1);
        world.forward({ minutes: 20 });
      },
    ],
    'files of a stopped run': [[/removed .*\.tmp-1-a/], SITUATIONS['files of a stopped run lie about']?.[1] ?? open],
    'a link that readers must not follow': [
      [/current shows gen\/000002 again/],
      async () => {
        await revoking();
        await unlink(inKey('current'));
        await symlink('gen/000001', inKey('current'));
      },
    ],
    'private files of a generation marked as erased': [
      [/finished erasing the private half of generation 1/],
      async () => {
        await rotated();
        await copyFile(inKey('gen/000002/key.pem.age'), inKey('gen/000001/key.pem.age'));
      },
    ],
    'a destroyed private half that came back': [
      [/erased the private half of generation 1 again/],
      SITUATIONS['a destroyed private half came back with a backup']?.[1] ?? open,
    ],
  };
  it.each(Object.entries(MENDED))('mends %s, and notes it', async (_name, [did, happened]) => {
    await happened();
    const before = (await world.record()).revision;
    const { fixed: done, findings: left } = await fixed();
    expect(done.map(({ outcome }) => outcome)).toEqual(did.map(() => 'done'));
    for (const [index, says] of did.entries()) expect(done[index]?.message).toMatch(says);
    expect(left).toEqual([]);
    const record = await world.record();
    expect(record.revision).toBeGreaterThan(before);
    expect(record.claim ?? record.intent).toBeUndefined();
    expect(`${JSON.stringify(record)}${await evidenceOf(1)}`).toMatch(/claim-released|"mended"/);
    expect((await fixed()).fixed).toEqual([]);
  });

  it('does not even tidy where the record cannot be read', async () => {
    await settled();
    await unlink(inKey('current'));
    await writeFile(inKey('record/00000099.json'), '{"v":1,');
    const { fixed: done, findings: left } = await fixed();
    expect(done).toMatchObject([
      { code: 'current-link', outcome: 'failed', message: expect.stringMatching(/cannot be read/) },
    ]);
    expect(left.map(({ code }) => code)).toEqual(['current-link', 'record-unreadable']);
    expect(await readdir(inKey())).not.toContain('current');
  });

  it('gives two keys their own ids back, after which both are verified', async () => {
    await crosswise();
    const { fixed: done, findings: left } = await fixed();
    expect(done).toMatchObject([{ code: 'crosswise-ids', outcome: 'done' }]);
    expect(left.map(({ code }) => code)).toEqual(['unverified']);
    expect((await findings()).map(({ code }) => code)).toEqual(['unverified', 'unverified']);
    await world.apply();
    expect((await findings()).map(({ code }) => code)).toEqual([]);
    expect((await world.record()).generations[0]).toMatchObject({ generation: 1 });
    expect((await world.record()).generations[0]?.discardedApiKeys).toBeUndefined();
  });

  it.each([1, 2])('gives two keys their own ids back after a stop behind write %i of three', async (writes) => {
    await crosswise();
    const [mine, its] = await Promise.all(
      [KEY, TAX].map((id) => toolsFor(world.workspace, keyNamed(world.workspace.keys, id), 'worker')),
    );
    if (!mine || !its) throw new Error('there are two keys');
    let left = writes;
    const stopping = (tools: Tools): Tools => ({
      ...tools,
      store: {
        ...tools.store,
        writeRecord: async (...args) => {
          if (left-- > 0) return tools.store.writeRecord(...args);
          throw new Error('stopped');
        },
      },
    });
    const misplaced = {
      generation: 1,
      apiKey: (await readRecord(its.store, TAX))?.generations[0]?.apiKey ?? '',
      from: 1,
    };
    await expect(takeKeyId(stopping(mine), stopping(its), misplaced)).rejects.toThrow('stopped');
    await fixed(TAX);
    await world.apply();
    expect((await findings()).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect((await readRecord(its.store, TAX))?.current).toBe(1);
    expect((await world.record()).current).toBe(1);
  });

  const LEFT_ALONE: Record<string, () => Promise<unknown>> = {
    'a claim that may still be held': SITUATIONS['a worker is in the middle of a step']?.[1] ?? open,
    'a private half nobody knows': SITUATIONS['a private half nobody knows lies in the store']?.[1] ?? open,
    'material that others deleted': SITUATIONS['the material of the current key was deleted']?.[1] ?? open,
    'a record older than its store':
      SITUATIONS['a restored backup of the record knows less than the store']?.[1] ?? open,
    'a record whose newest text is broken': SITUATIONS['the newest text of the record is broken']?.[1] ?? open,
    'evidence that was changed': SITUATIONS['the evidence of a finished generation was changed']?.[1] ?? open,
    'a current key somebody deleted': SITUATIONS['somebody deleted the current key']?.[1] ?? open,
  };
  it.each(Object.entries(LEFT_ALONE))('leaves %s alone, and says what a person must do', async (_name, happened) => {
    await happened();
    const tree = async () => (await readdir(inKey(), { recursive: true })).sort();
    const before = await tree();
    const { fixed: done, findings: left } = await fixed();
    expect(done).toEqual([]);
    expect(left.length).toBeGreaterThan(0);
    for (const { mend, next } of left) {
      expect(mend).toBeNull();
      expect(next).toMatch(/.{10}/);
      expect(next).not.toContain('--fix');
    }
    expect(await tree()).toEqual(before);
  });
});
