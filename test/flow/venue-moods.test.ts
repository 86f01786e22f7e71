import { afterAll, describe, expect, it } from 'vitest';
import { recordKeyId } from '../../src/commands/register.ts';
import type { Generation } from '../../src/core/record.ts';
import type { FaultDraft } from '../../src/sandbox/faults.ts';
import { keyNamed } from '../../src/workspace.ts';
import { aWorld, KEY, type World } from './world.ts';

/** Whatever the exchange and the way to it are like: no wrong word about a key, and none too many once it is over. */

const STATUS = '/sapi/v1/system/status';
const RESTRICTIONS = '/sapi/v1/account/apiRestrictions';
const ACCOUNT = '/api/v3/account';
const HOUR = 3600;

// Tests run side by side, so each has a world of its own.
const worlds: World[] = [];
afterAll(() => Promise.all(worlds.map((world) => world.close())));

async function begun(): Promise<World> {
  const world = await aWorld();
  worlds.push(world);
  await world.apply();
  return world;
}

/** Generation 1 is current. */
async function established(): Promise<World> {
  const world = await begun();
  await world.registers();
  await world.apply();
  return world;
}

/** Generation 2 is current, and the overlap with generation 1 is over. */
async function overlapped(): Promise<World> {
  const world = await established();
  world.forward({ days: 29 });
  await world.apply();
  await world.registers();
  await world.apply();
  world.forward({ days: 1, minutes: 1 });
  return world;
}

/** A person was asked to delete generation 1. */
async function asked(): Promise<World> {
  const world = await overlapped();
  await world.apply();
  return world;
}

async function generation(world: World, number: number): Promise<Generation> {
  const { generations } = await world.record();
  return generations.find((each) => each.generation === number) as Generation;
}

const idOf = async (world: World, number: number): Promise<string> => (await generation(world, number)).apiKey ?? '';

/** The last action of one pass, and the sentence that came with it. */
async function pass(world: World): Promise<{ did: string; says: string }> {
  const { actions, error } = await world.report();
  if (error) throw error;
  const last = actions.at(-1);
  return last
    ? { did: `${last.action} ${last.outcome} ${last.reason}`, says: last.message }
    : { did: 'nothing', says: '' };
}

interface Mood {
  /** What is switched on, at which generation’s key where it is at one. */
  faults?: (FaultDraft & { of?: number })[];
  /** What a person does at the page; and what undoes it. */
  edit?: { of: number; fields: Record<string, string>; back: Record<string, string> };
  did: string;
  says: RegExp;
}

const AS_POLICY = {
  enableReading: 'on',
  enableSpotAndMarginTrading: 'on',
  ipRestrict: 'on',
  ipAllowlist: '127.0.0.1',
};
const ELSEWHERE = { ...AS_POLICY, ipAllowlist: '203.0.113.9' };
const READING_OFF = { ...AS_POLICY, enableReading: 'false' };

/** Begins, and returns what ends it. */
async function under(world: World, { faults = [], edit }: Mood): Promise<() => Promise<void>> {
  for (const { of, ...fault } of faults) {
    world.sandbox.faults.switchOn(of === undefined ? fault : { ...fault, key: await idOf(world, of) });
  }
  const post = async (fields: Record<string, string>): Promise<void> => {
    const apiKey = await idOf(world, edit?.of ?? 0);
    expect((await world.post('edit', { apiKey, ...fields })).status).toBe(200);
  };
  if (edit) await post(edit.fields);
  return async () => {
    world.sandbox.faults.switchAllOff();
    if (edit) await post(edit.back);
    // A pause that was asked for is kept.
    world.forward({ minutes: 11 });
  };
}

/** What is wrong with the venue, or with the way to it, whatever key is asked about. */
const TROUBLES: Record<string, Omit<Mood, 'did'> & { reason: string }> = {
  'it is down': {
    faults: [{ kind: 'reset-before' }],
    reason: 'network',
    says: /could not be reached; check address, proxy and network/,
  },
  'the connection breaks after the request took effect': {
    faults: [{ kind: 'reset-after' }],
    reason: 'network',
    says: /could not be reached/,
  },
  'it does not answer': { faults: [{ kind: 'hang' }], reason: 'timeout', says: /did not answer in time/ },
  'it fails inside': { faults: [{ kind: 'server-error' }], reason: 'server-error', says: /internal error; wait/ },
  'it is under maintenance': { faults: [{ kind: 'maintenance' }], reason: 'maintenance', says: /maintenance; wait/ },
  'its firewall blocks': { faults: [{ kind: 'blocked' }], reason: 'blocked', says: /firewall blocked the request/ },
  'it limits the rate': {
    faults: [{ kind: 'rate-limited' }],
    reason: 'rate-limited',
    says: /limits the rate of requests; wait \(asked to wait 30s\)/,
  },
  'it banned this address': {
    faults: [{ kind: 'banned' }],
    reason: 'banned',
    says: /banned this address .*\(asked to wait 2m\)/,
  },
  'its clock is an hour ahead': {
    faults: [{ kind: 'clock-skew', seconds: HOUR }],
    reason: 'clock-skew',
    says: /clock is 1h behind the venue’s; set it \(NTP\)/,
  },
  'its clock is an hour behind': {
    faults: [{ kind: 'clock-skew', seconds: -HOUR }],
    reason: 'clock-skew',
    says: /clock is 1h ahead of the venue’s; set it \(NTP\)/,
  },
  'a login page answers for it': {
    faults: [{ kind: 'captive-portal' }],
    reason: 'unexpected-answer',
    says: /not one of its API; .* a login page in between/,
  },
  'a login page answers for it as soon as keys are asked about': {
    faults: [
      { kind: 'captive-portal', path: RESTRICTIONS },
      { kind: 'captive-portal', path: ACCOUNT },
    ],
    reason: 'unexpected-answer',
    says: /not one of its API/,
  },
  'a proxy answers every key with some JSON': {
    faults: [
      { kind: 'other-json', path: RESTRICTIONS },
      { kind: 'other-json', path: ACCOUNT },
    ],
    reason: 'unexpected-answer',
    says: /not one of its API; check baseUrl, and for a proxy/,
  },
  'a cache accepts every key, even one that cannot exist': {
    faults: [{ kind: 'accepts-all' }],
    reason: 'stranger-accepted',
    says: /a key that cannot exist was accepted/,
  },
  'it redirects': { faults: [{ kind: 'redirect' }], reason: 'unexpected-answer', says: /not one of its API/ },
  'its answers break off': { faults: [{ kind: 'truncated' }], reason: 'network', says: /could not be reached/ },
  'its answers are half there': {
    faults: [{ kind: 'half-json' }],
    reason: 'unexpected-answer',
    says: /not one of its API/,
  },
  'its answers lack required fields': {
    faults: [{ kind: 'missing-fields' }],
    reason: 'unexpected-answer',
    says: /not one of its API/,
  },
};

/** Every trouble as it shows in an action, then what is particular to it; the later of two alike counts. */
const moodsOf = (action: string, others: Record<string, Mood>): [string, Mood][] =>
  Object.entries({
    ...Object.fromEntries(
      Object.entries(TROUBLES).map(([sentence, { reason, ...mood }]) => [
        sentence,
        { ...mood, did: `${action} failed ${reason}` },
      ]),
    ),
    ...others,
  });

const quick = ([, { faults = [] }]: [string, Mood]): boolean => faults.every(({ kind }) => kind !== 'hang');

describe('a live key that should be deleted is never called dead, and all goes on when this is over:', () => {
  const moods = moodsOf('prove', {
    // Signing follows the venue's clock, and a key that is accepted is alive at whatever time.
    'its clock is an hour ahead': {
      faults: [{ kind: 'clock-skew', seconds: HOUR }],
      did: 'prove waiting still-works',
      says: /still accepts it/,
    },
    'its clock is an hour behind': {
      faults: [{ kind: 'clock-skew', seconds: -HOUR }],
      did: 'prove waiting still-works',
      says: /still accepts it/,
    },
    'its address left the allowlist': {
      edit: { of: 1, fields: ELSEWHERE, back: AS_POLICY },
      did: 'prove waiting still-known',
      says: /not as a key it does not know: disabled or restricted, not deleted; delete it/,
    },
    'its reading was switched off': {
      edit: { of: 1, fields: READING_OFF, back: AS_POLICY },
      did: 'prove waiting still-known',
      says: /disabled or restricted, not deleted/,
    },
    'it was disabled': {
      faults: [{ kind: 'refused', of: 1 }],
      did: 'prove waiting still-known',
      says: /disabled or restricted, not deleted/,
    },
    'another public key came under its id': {
      faults: [{ kind: 'other-public-key', of: 1 }],
      did: 'prove waiting signature-refused',
      says: /knows the key id but not this public key: the key was not deleted/,
    },
    'one endpoint does not know it': {
      faults: [{ kind: 'unknown-key', of: 1, path: RESTRICTIONS }],
      did: 'prove waiting still-works',
      says: /still accepts it/,
    },
    'the current key is refused': {
      faults: [{ kind: 'refused', of: 2 }],
      did: 'prove waiting still-works',
      says: /still accepts it/,
    },
  });

  it.concurrent.each(moods)('%s', async (_sentence, mood) => {
    const world = await asked();
    const over = await under(world, mood);
    for (let i = 0; i < (quick(['', mood]) ? 3 : 1); i++) {
      expect(await pass(world)).toEqual({ did: mood.did, says: expect.stringMatching(mood.says) });
      const { probe, deadGroups = [], at } = await generation(world, 1);
      expect(probe?.verdict).not.toBe('dead');
      expect([deadGroups, at.provenDead]).toEqual([[], undefined]);
      world.forward({ minutes: 11 });
    }
    await over();
    expect(await pass(world)).toMatchObject({ did: 'prove waiting still-works' });
    await world.deletes();
    expect(await pass(world)).toMatchObject({ did: 'prove waiting seen-dead' });
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  });
});

describe('a deleted key is not called dead on such evidence, and is proven dead when this is over:', () => {
  const moods = moodsOf('prove', {
    'the current key is refused as well': {
      faults: [{ kind: 'refused', of: 2 }],
      did: 'prove failed control-refused',
      says: /generation 2, which must work, is refused as well; check its allowlist/,
    },
    'the current key left the allowlist': {
      edit: { of: 2, fields: ELSEWHERE, back: AS_POLICY },
      did: 'prove failed control-refused',
      says: /refused as well/,
    },
    'the deletion spreads slowly': {
      faults: [{ kind: 'slow-deletion', seconds: 30 * 60 }],
      did: 'prove waiting still-works',
      says: /still accepts it/,
    },
  });

  it.concurrent.each(moods.filter(quick))('%s', async (_sentence, mood) => {
    const world = await asked();
    await world.deletes();
    const over = await under(world, mood);
    for (let i = 0; i < 2; i++) {
      expect(await pass(world)).toEqual({ did: mood.did, says: expect.stringMatching(mood.says) });
      expect((await generation(world, 1)).deadGroups ?? []).toEqual([]);
      world.forward({ minutes: 11 });
    }
    await over();
    expect(await pass(world)).toMatchObject({ did: 'prove waiting seen-dead' });
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  });
});

describe('what was seen once', () => {
  it.concurrent('flickering: every sign of life starts the proof anew, and it ends when the flickering does', async () => {
    const world = await asked();
    await world.deletes();
    world.sandbox.faults.switchOn({ kind: 'flickering-deletion', key: await idOf(world, 1) });
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) {
      seen.push((await pass(world)).did);
      world.forward({ minutes: 11 });
    }
    expect(new Set(seen)).toEqual(new Set(['prove waiting seen-dead', 'prove waiting still-works']));
    world.sandbox.faults.switchAllOff();
    await pass(world);
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  });

  it.concurrent('a live key that every endpoint does not know once is seen dead once, and then known to live', async () => {
    const world = await asked();
    world.sandbox.faults.switchOn({ kind: 'unknown-key', key: await idOf(world, 1), times: 2 });
    expect(await pass(world)).toMatchObject({ did: 'prove waiting seen-dead' });
    world.forward({ minutes: 11 });
    expect(await pass(world)).toMatchObject({ did: 'prove waiting still-works' });
    expect((await generation(world, 1)).deadGroups).toEqual([]);
  });

  it.concurrent('a key created again under the same label does not bring the old one back, nor hide its deletion', async () => {
    const world = await asked();
    const { label, switches, ipAllowlist, publicKey } = (await world.tasks())[0] ?? (expect.unreachable() as never);
    await world.deletes();
    await world.person.register({ label, switches, ipAllowlist, publicKey } as Parameters<
      World['person']['register']
    >[0]);
    expect(await pass(world)).toMatchObject({ did: 'prove waiting seen-dead' });
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  });
});

describe('a new key is not verified, and is when this is over:', () => {
  const moods = moodsOf('verify', {
    'its address is not on the allowlist': {
      edit: { of: 1, fields: ELSEWHERE, back: AS_POLICY },
      did: 'verify waiting fix-needed',
      says: /check that it is enabled for reading, and that the allowlist also holds the address keyturn runs from/,
    },
    'reading is switched off': {
      edit: { of: 1, fields: READING_OFF, back: AS_POLICY },
      did: 'verify waiting fix-needed',
      says: /enabled for reading/,
    },
    'a permission nobody heard of is on': {
      faults: [{ kind: 'unknown-permission' }],
      did: 'verify waiting fix-needed',
      says: /turn off the switch the venue calls “enableTimeTravel”/,
    },
    'another public key is under its id': {
      faults: [{ kind: 'other-public-key', of: 1 }],
      did: 'verify waiting fix-needed',
      says: /knows this key id with another public key/,
    },
    'one endpoint does not know it': {
      faults: [{ kind: 'unknown-key', of: 1, path: RESTRICTIONS }],
      did: 'verify failed contradictory',
      says: /accepts it at one endpoint and refuses it at another; run again/,
    },
  });

  it.concurrent.each(moods.filter(quick))('%s', async (_sentence, mood) => {
    const world = await begun();
    await world.registers();
    const over = await under(world, mood);
    for (let i = 0; i < 2; i++) {
      expect(await pass(world)).toEqual({ did: mood.did, says: expect.stringMatching(mood.says) });
      world.forward({ minutes: 11 });
    }
    await over();
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
  });

  it.concurrent('it was created again under the same label: its new id is wanted', async () => {
    const world = await begun();
    const [task] = await world.tasks();
    const apiKey = await world.registers();
    await world.post('delete', { apiKey });
    const again = await world.person.register(task as NonNullable<typeof task>);
    expect(await pass(world)).toEqual({
      did: 'verify waiting fix-needed',
      says: expect.stringMatching(/does not know this key id: check it for typing mistakes and hand in the right one/),
    });
    await recordKeyId(world.workspace, keyNamed(world.workspace.keys, KEY), again);
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
  });
});

describe('nobody is asked to delete a key while the one that replaced it fails, and somebody is when this is over:', () => {
  const refused =
    /the venue refuses it without saying why: disabled, not enabled for reading, or this machine’s address/;
  const moods: Record<string, Mood> = {
    'it is under maintenance': {
      faults: [{ kind: 'maintenance' }],
      did: 'revoke failed maintenance',
      says: /it is under maintenance; wait/,
    },
    'a cache accepts every key': {
      faults: [{ kind: 'accepts-all' }],
      did: 'revoke failed stranger-accepted',
      says: /a key that cannot exist was accepted/,
    },
    'its address left the allowlist': {
      edit: { of: 2, fields: ELSEWHERE, back: AS_POLICY },
      did: 'revoke failed current-unproven',
      says: refused,
    },
    'its reading was switched off': {
      edit: { of: 2, fields: READING_OFF, back: AS_POLICY },
      did: 'revoke failed current-unproven',
      says: refused,
    },
    'another public key came under its id': {
      faults: [{ kind: 'other-public-key', of: 2 }],
      did: 'revoke failed current-unproven',
      says: /knows its key id, but with another public key/,
    },
    'it is not known': {
      faults: [{ kind: 'unknown-key', of: 2 }],
      did: 'revoke failed current-unproven',
      says: /does not know its key id: it was deleted, or created again under another id/,
    },
  };

  it.concurrent.each(Object.entries(moods))('%s', async (_sentence, mood) => {
    const world = await overlapped();
    const over = await under(world, mood);
    expect(await pass(world)).toEqual({ did: mood.did, says: expect.stringMatching(mood.says) });
    expect((await world.tasks()).map(({ kind }) => kind)).toEqual([]);
    await over();
    expect(await world.apply()).toEqual([
      'revoke waiting deletion-asked',
      'prove waiting still-works',
      'waiting-for-deletion',
    ]);
  });
});

describe('what keyturn asks of the venue', () => {
  const asks = (world: World): string[] => [
    ...new Set(
      world.sandbox.journal
        .entries()
        .filter(({ path }) => /^\/(api|sapi|fapi)\//.test(path))
        .map(({ method, path }) => `${method} ${path}`),
    ),
  ];

  it.concurrent('in a whole rotation: four reads, no order, no transfer, no change', async () => {
    const world = await asked();
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    expect(await world.apply()).toContain('prove done proven-dead');
    expect(asks(world).sort()).toEqual([`GET ${ACCOUNT}`, 'GET /api/v3/time', `GET ${RESTRICTIONS}`, `GET ${STATUS}`]);
  });

  it.concurrent('under a ban: nothing before it is over, whatever key it is about', async () => {
    const world = await asked();
    world.sandbox.faults.switchOn({ kind: 'banned', seconds: 900, times: 1, key: await idOf(world, 1) });
    expect(await pass(world)).toMatchObject({ did: 'prove failed banned' });
    world.sandbox.journal.clear();
    world.forward({ minutes: 14 });
    expect(await pass(world)).toMatchObject({ did: 'prove failed banned' });
    expect(asks(world)).toEqual([]);
    world.forward({ minutes: 2 });
    expect(await pass(world)).toMatchObject({ did: 'prove waiting still-works' });
  });

  it.concurrent('follows no redirect', async () => {
    const world = await asked();
    world.sandbox.faults.switchOn({ kind: 'redirect' });
    await pass(world);
    expect(world.sandbox.journal.entries().filter(({ path }) => path.startsWith('/elsewhere'))).toEqual([]);
  });
});
