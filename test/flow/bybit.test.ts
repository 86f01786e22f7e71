import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyturn } from '../cli/keyturn.ts';
import { aWorld, KEY, type World } from './world.ts';

/** Bybit: people register; a key shows all of itself, and deletes itself where it may. */

let world: World;
beforeEach(async () => {
  world = await aWorld({ kind: 'bybit', algorithm: 'rsa-2048', enters: { readWrite: 'on' } });
});
afterEach(() => world.close());

const edit = async (fields: Record<string, string>) => {
  const [first] = await world.listed();
  await world.post('edit', { apiKey: first?.apiKey ?? '', ...fields });
};

it('proves permissions and addresses by reading, and two groups prove the deletion', async () => {
  await world.overlapped();
  expect((await world.record()).generations[0]).toMatchObject({
    allowlist: 'proven',
    at: { created: expect.any(String) },
  });
  expect(await world.apply()).toEqual([
    'revoke waiting deletion-asked',
    'prove waiting still-works',
    'waiting-for-deletion',
  ]);
  const [task] = await world.tasks();
  expect(task).toMatchObject({ kind: 'delete', venue: 'Bybit', generation: 1 });
  await world.deletes();
  expect(await world.apply()).toEqual(['prove waiting seen-dead', 'proof-waits']);
  world.forward({ minutes: 11 });
  expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  expect((await world.listed()).map(({ label }) => label)).toEqual(['spot-g2']);
});

it('no probe calls anything that places an order, moves money or changes a setting', async () => {
  await world.overlapped();
  world.sandbox.journal.clear();
  await world.report();
  const calls = world.sandbox.journal.entries().map(({ method, path }) => `${method} ${path}`);
  expect([...new Set(calls)].sort()).toEqual([
    'GET /v5/market/time',
    'GET /v5/system/status',
    'GET /v5/user/query-api',
    // Not a probe: the key was to delete itself, which it may not without a wallet permission.
    'POST /v5/user/delete-api',
  ]);
});

it('a key with a wallet permission deletes itself', async () => {
  await world.overlapped();
  await edit({ readWrite: 'on', 'Spot.SpotTrade': 'on', 'Wallet.AccountTransfer': 'on' });
  expect(await world.apply()).toEqual(['revoke done removed', 'prove waiting seen-dead', 'proof-waits']);
  world.forward({ minutes: 11 });
  expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
});

it('a key that was adopted by its id alone cannot delete itself, so a person is asked', async () => {
  world.turnTo(new Date());
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const fields = { label: 'theirs', publicKey: pem, ipAllowlist: '127.0.0.1', readWrite: 'on', 'Spot.SpotTrade': 'on' };
  const { apiKey } = (await (await world.post('create', fields)).json()) as { apiKey: string };
  expect(await keyturn(['adopt', KEY, apiKey], { cwd: world.folder })).toMatchObject({ status: 0 });
  world.forward({ days: 29 });
  await world.apply();
  await world.registers();
  await world.apply();
  world.forward({ hours: 25 });
  expect(await world.apply()).toEqual([
    'revoke waiting deletion-asked',
    'prove waiting no-private-half',
    'waiting-for-deletion',
  ]);
  expect(await world.tasks()).toMatchObject([{ kind: 'delete', apiKey }]);
});

it('a key that its venue let expire is not deleted', async () => {
  await world.overlapped();
  await edit({ ipRestrict: 'false' });
  world.forward({ days: 61 });
  expect((await world.apply())[1]).toBe('prove waiting still-known');
});

describe('a key that is not as its policy says', () => {
  const WRONG: Record<string, [Record<string, string>, string, RegExp]> = {
    'that only reads': [{ 'Spot.SpotTrade': 'on' }, 'permission-missing', /turn on “Read-Write: Spot – Trade”/],
    'that may trade contracts, too': [
      { readWrite: 'on', 'Spot.SpotTrade': 'on', 'ContractTrade.Order': 'on' },
      'permission-excess',
      /turn off “Read-Write: Contracts – Orders”/,
    ],
    'tied to another address, too': [
      { ipAllowlist: '127.0.0.1, 203.0.113.9' },
      'allowlist-differs',
      /remove 203\.0\.113\.9/,
    ],
    'tied to none': [{ ipRestrict: 'false' }, 'allowlist-off', /127\.0\.0\.1/],
  };
  it.each(Object.entries(WRONG))('%s', async (_, [fields, code, says]) => {
    await world.apply();
    await world.registers();
    await edit(fields);
    expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
    const [task] = await world.tasks();
    expect(task?.findings.map((each) => each.code)).toEqual([code]);
    expect(task?.findings[0]?.message).toMatch(says);
  });

  it('in a permission nobody heard of', async () => {
    await world.apply();
    await world.registers();
    world.sandbox.faults.switchOn({ kind: 'unknown-permission', path: '/v5/*' });
    expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
    expect((await world.tasks())[0]?.findings).toMatchObject([{ code: 'permission-unknown', switch: 'Time.Travel' }]);
  });
});

describe('on a bad day nothing is concluded', () => {
  const MOODS = {
    'rate-limited': 'rate-limited',
    banned: 'blocked',
    maintenance: 'maintenance',
    'server-error': 'server-error',
    'clock-skew': 'clock-skew',
    'half-json': 'unexpected-answer',
    'captive-portal': 'unexpected-answer',
  } as const;
  it.each(Object.entries(MOODS))('%s', async (kind, reason) => {
    await world.apply();
    await world.registers();
    world.sandbox.faults.switchOn({ kind: kind as keyof typeof MOODS });
    expect(await world.apply()).toEqual([`verify failed ${reason}`, reason]);
  });
});
