import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aWorld, type World } from './world.ts';

/** Deribit: keys are managed with another key of the account, or by people; either way, live keys list the account’s keys. */

let world: World;
afterEach(() => world.close());

const labels = async () => (await world.listed()).map(({ label }) => label);
const asked = () => world.sandbox.journal.entries().map(({ path }) => path.replace('/api/v2/', ''));

const BY_API = ['generate done generated', 'register done registered', 'verify done verified', 'promote done promoted'];
const GONE = ['revoke done removed', 'prove done proven-dead', 'destroy done destroyed', 'not-due'];

describe.each(['ed25519', 'rsa-2048'])('with a managing key and %s', (algorithm) => {
  beforeEach(async () => {
    const key = '{ apiKey: { file: manager.id }, privateKey: { file: manager.pem } }';
    world = await aWorld({ kind: 'deribit', algorithm, venue: `, managing: { desk: ${key} }` });
    await world.managedBy('manager', { 'account:read_write': 'on' });
  });

  it('turns a key over without a person', async () => {
    expect(await world.apply()).toEqual([...BY_API, 'not-due']);
    expect(await world.listed()).toMatchObject([
      { label: 'manager' },
      { label: 'spot_g1', ipAllowlist: ['127.0.0.1'], 'trade:read_write': true },
    ]);
    expect((await world.record()).generations[0]).toMatchObject({ allowlist: 'proven' });
    world.forward({ days: 29 });
    expect(await world.apply()).toEqual([...BY_API, 'overlap']);
    world.forward({ hours: 25 });
    expect(await world.apply()).toEqual(GONE);
    expect(await labels()).toEqual(['manager', 'spot_g2']);
    expect(await world.tasks()).toEqual([]);
  });

  it('finds by its public half what it registered when the answer was lost', async () => {
    world.sandbox.faults.switchOn({ kind: 'reset-after', path: '/api/v2/private/create_api_key', times: 1 });
    expect((await world.report()).error).toMatchObject({ code: 'unavailable', ambiguous: true });
    expect(await labels()).toEqual(['manager', 'spot_g1']);
    expect(await world.apply()).toEqual([...BY_API.slice(1), 'not-due']);
    expect(await world.listed()).toMatchObject([
      { label: 'manager' },
      { label: 'spot_g1', ipAllowlist: ['127.0.0.1'] },
    ]);
  });

  it('mends what was left without addresses when the second call failed', async () => {
    world.sandbox.faults.switchOn({ kind: 'reset-before', path: '/api/v2/private/edit_api_key', times: 1 });
    expect((await world.report()).error).toMatchObject({ code: 'unavailable' });
    expect(await world.listed()).toMatchObject([{ label: 'manager' }, { label: 'spot_g1', ipAllowlist: [] }]);
    expect(await world.apply()).toEqual([...BY_API.slice(1), 'not-due']);
    expect((await world.listed())[1]).toMatchObject({ label: 'spot_g1', ipAllowlist: ['127.0.0.1'] });
  });

  const wantsSecondFactor = (method: string) =>
    world.sandbox.faults.switchOn({ kind: 'second-factor', path: `/api/v2/private/${method}` });

  it.each(['create_api_key', 'list_api_keys'])(
    'leaves registering to a person where %s wants a second factor',
    async (method) => {
      wantsSecondFactor(method);
      expect(await world.apply()).toEqual([
        'generate done generated',
        'register waiting registration-asked',
        'waiting-for-registration',
      ]);
      expect(await world.tasks()).toMatchObject([{ kind: 'register', label: 'spot_g1' }]);
      expect(await world.apply()).toEqual(['waiting-for-registration']);
      await world.registers();
      world.sandbox.faults.switchAllOff();
      expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
    },
  );

  it('leaves deleting to a person where that wants a second factor', async () => {
    await world.apply();
    world.forward({ days: 29 });
    await world.apply();
    world.forward({ hours: 25 });
    wantsSecondFactor('remove_api_key');
    expect(await world.apply()).toEqual([
      'revoke waiting deletion-asked',
      'prove waiting still-works',
      'waiting-for-deletion',
    ]);
    await world.deletes();
    expect(await world.apply()).toEqual(GONE.slice(1));
  });

  it('says that a second factor keeps it from seeing what a key may do', async () => {
    wantsSecondFactor('edit_api_key');
    wantsSecondFactor('list_api_keys');
    await world.apply();
    await world.registers();
    expect(await world.apply()).toEqual(['verify failed second-factor', 'second-factor']);
  });
});

describe('without a managing key', () => {
  beforeEach(async () => {
    world = await aWorld({ kind: 'deribit' });
  });

  /** The second generation is current, the first one asked to be deleted. */
  async function replaced(): Promise<void> {
    await world.overlapped();
    await world.apply();
  }

  it('people register and delete; the list the current key sees proves it at once', async () => {
    await replaced();
    await world.deletes();
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  });

  it('a key that is only refused is not dead: the list still has it', async () => {
    await replaced();
    const [previous] = await world.listed();
    await world.post('edit', { apiKey: previous?.apiKey ?? '', ipAllowlist: '203.0.113.9' });
    expect((await world.apply()).at(0)).toBe('prove waiting still-listed');
  });

  it('an address that is missing is seen in the list, and mended by a person', async () => {
    await world.apply();
    await world.registers({ ipAllowlist: ['127.0.0.1', '203.0.113.9'] });
    expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
    expect((await world.tasks())[0]?.findings).toMatchObject([
      { code: 'allowlist-differs', message: 'correct “IP Whitelisting”: remove 203.0.113.9' },
    ]);
  });

  it('a key of another account is told from a deleted one', async () => {
    await world.turnsOver();
    world.forward({ days: 29 });
    await world.apply();
    const [task] = await world.tasks();
    const form = { account: 'other', label: 'spot_g2', publicKey: task?.publicKey ?? '', 'account:read': 'on' };
    const made = await world.post('create', { ...form, 'trade:read_write': 'on', ipAllowlist: '127.0.0.1' });
    await world.handsIn(((await made.json()) as { apiKey: string }).apiKey);
    expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
    expect((await world.tasks())[0]?.findings).toMatchObject([{ code: 'wrong-account' }]);
  });

  it('a scope nobody heard of fails verification', async () => {
    await world.apply();
    await world.registers();
    world.sandbox.faults.switchOn({ kind: 'unknown-permission' });
    expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
  });

  it('no probe calls anything that places an order, moves money or changes a setting', async () => {
    await replaced();
    await world.deletes();
    await world.apply();
    expect([...new Set(asked())].filter((path) => !path.startsWith('/en/')).sort()).toEqual([
      'private/get_account_summaries',
      'private/list_api_keys',
      'public/auth',
      'public/get_time',
      'public/status',
    ]);
  });
});
