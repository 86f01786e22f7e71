import { afterEach, beforeEach, expect, it } from 'vitest';
import { aWorld, type World } from './world.ts';

/** Bitget: people register and delete; a key shows permissions and addresses. */

const PASSPHRASE = 'correct horse';

let world: World;
beforeEach(async () => {
  world = await aWorld({
    kind: 'bitget',
    algorithm: 'rsa-2048',
    venue: ', accessPassphrase: { file: bitget.pass }',
    enters: { passphrase: PASSPHRASE },
  });
  await passphraseIs(PASSPHRASE);
});
afterEach(() => world.close());

const passphraseIs = (text: string) => world.keeps('bitget.pass', text);

it('turns a key over; two groups, slow enough for Bitget, prove the deletion', async () => {
  await world.overlapped();
  expect((await world.record()).generations[0]).toMatchObject({
    allowlist: 'proven',
    baseline: { answers: ['/api/v2/spot/account/info 200 - accepted'] },
  });
  expect(await world.apply()).toEqual([
    'revoke waiting deletion-asked',
    'prove waiting still-works',
    'waiting-for-deletion',
  ]);
  await world.deletes();
  expect(await world.apply()).toEqual(['prove waiting seen-dead', 'proof-waits']);
  world.forward({ minutes: 11 });
  expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  const paths = world.sandbox.journal.entries().map(({ method, path }) => `${method} ${path}`);
  expect([...new Set(paths)].filter((call) => !call.includes('/en/')).sort()).toEqual([
    'GET /api/v2/public/time',
    'GET /api/v2/spot/account/info',
  ]);
});

it('a key with another passphrase is refused, and not taken for unknown', async () => {
  await world.apply();
  await world.registers();
  await passphraseIs('something else');
  expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
  expect((await world.tasks())[0]?.findings).toMatchObject([{ code: 'refused' }]);
  await passphraseIs(PASSPHRASE);
  expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
});

it('a permission too many, one nobody heard of, and an address too many are found', async () => {
  await world.apply();
  const apiKey = await world.registers({ ipAllowlist: ['127.0.0.1', '203.0.113.9'] });
  await world.post('edit', { apiKey, stow: 'on', wwow: 'on' });
  world.sandbox.faults.switchOn({ kind: 'unknown-permission' });
  expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
  expect((await world.tasks())[0]?.findings.map(({ code }) => code)).toEqual([
    'permission-excess',
    'permission-unknown',
    'allowlist-differs',
  ]);
});
