import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyturn } from '../cli/keyturn.ts';
import { aWorld, type World } from './world.ts';

/** Binance sub-accounts: no person takes part, unless the venue refuses. */

let world: World;
let master: string;

const SUB_ACCOUNT = [
  ', master: { apiKey: { file: master.id }, privateKey: { file: master.pem } }',
  ', emails: { desk: desk@sub.example }',
].join('');

beforeEach(async () => {
  world = await aWorld({ kind: 'binance-sub-account', venue: SUB_ACCOUNT });
  master = await world.managedBy('master', {
    account: 'main',
    enableReading: 'on',
    enableSpotAndMarginTrading: 'on',
  });
});
afterEach(() => world.close());

const listed = () => world.listed('desk');
const labels = async () => (await listed()).map(({ label }) => label);

describe('a rotation by API', () => {
  it('goes from nothing to a current key in one pass', async () => {
    expect(await world.apply()).toEqual([
      'generate done generated',
      'register done registered',
      'verify done verified',
      'promote done promoted',
      'not-due',
    ]);
    expect(await labels()).toEqual(['spot-g1']);
    expect((await listed())[0]?.ipRestrict).toBe(true);
    expect(await world.tasks()).toEqual([]);
  });

  it('deletes the old key after the overlap; one look at the list proves it', async () => {
    await world.overlapped();
    expect(await labels()).toEqual(['spot-g1', 'spot-g2']);
    expect(await world.apply()).toEqual([
      'revoke done removed',
      'prove done proven-dead',
      'destroy done destroyed',
      'not-due',
    ]);
    expect(await labels()).toEqual(['spot-g2']);
    expect(await world.tasks()).toEqual([]);
  });

  it('touches no key it did not make', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const theirs = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await world.post('create', { account: 'desk', label: 'somebody else’s', publicKey: theirs });
    await world.overlapped();
    await world.apply();
    expect(await labels()).toEqual(['somebody else’s', 'spot-g2']);
  });
});

describe('an answer that was lost', () => {
  const CALL = '/sapi/v2/sub-account/subAccountApi';

  it('of a registration: the key is found by its label and not registered twice', async () => {
    world.sandbox.faults.switchOn({ kind: 'reset-after', path: CALL, times: 1 });
    const { error } = await world.report();
    expect(error).toMatchObject({ code: 'unavailable', ambiguous: true });
    const [made] = await listed();
    expect((await world.record()).generations[0]?.apiKey).toBeUndefined();
    expect(await world.apply()).toEqual([
      'register done registered',
      'verify done verified',
      'promote done promoted',
      'not-due',
    ]);
    expect(await labels()).toEqual(['spot-g1']);
    expect((await world.record()).generations[0]?.apiKey).toBe(made?.apiKey);
  });

  it('of a deletion: what is gone already counts as deleted', async () => {
    await world.overlapped();
    world.sandbox.faults.switchOn({ kind: 'reset-after', path: CALL.replace('v2', 'v1'), times: 1 });
    const { error } = await world.report();
    expect(error?.code).toBe('unavailable');
    expect(await world.apply()).toEqual([
      'revoke done removed',
      'prove done proven-dead',
      'destroy done destroyed',
      'not-due',
    ]);
    expect(await labels()).toEqual(['spot-g2']);
  });
});

describe('what is not as it should be', () => {
  it('switches changed by hand are set back before consumers get the key', async () => {
    // The key works at once, so somebody must be quick: verification meets an outage, a stranger’s probe first, and then a changed key.
    world.sandbox.faults.switchOn({ kind: 'server-error', path: '/sapi/v1/account/apiRestrictions', times: 2 });
    await world.apply();
    const [key] = await listed();
    await world.post('edit', { apiKey: key?.apiKey ?? '', enableReading: 'on', enableFutures: 'on' });
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
    expect(await listed()).toMatchObject([{ enableFutures: false, enableSpotAndMarginTrading: true }]);
    expect(await world.tasks()).toEqual([]);
  });

  it('a master key without rights: one sentence, nothing is lost, and the next run goes on', async () => {
    await world.post('edit', { apiKey: master, enableReading: 'on', enableSpotAndMarginTrading: 'off' });
    const { error } = await world.report();
    expect(error?.message).toMatch(/did not list the keys of account desk|does not register generation 1/);
    expect(await listed()).toEqual([]);
    await world.post('edit', { apiKey: master, enableReading: 'on', enableSpotAndMarginTrading: 'on' });
    expect((await world.apply()).at(-1)).toBe('not-due');
  });

  it('an account without its e-mail address is told so', async () => {
    await world.close();
    world = await aWorld({ kind: 'binance-sub-account', venue: SUB_ACCOUNT.replace('desk: desk@', 'other: desk@') });
    const { error } = await world.report();
    expect(error?.message).toBe('keyturn.yaml names no e-mail address for account desk');
  });

  it('a deletion the venue refuses becomes a task for a person, and is proven without the list', async () => {
    await world.overlapped();
    await world.post('edit', { apiKey: master, ipAllowlist: '203.0.113.9' });
    expect(await world.apply()).toEqual([
      'revoke waiting deletion-asked',
      'prove waiting still-works',
      'waiting-for-deletion',
    ]);
    expect(await world.tasks()).toMatchObject([{ kind: 'delete', generation: 1 }]);
    await world.deletes();
    expect(await world.apply()).toEqual(['prove waiting seen-dead', 'proof-waits']);
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  });
});

describe('an account whose keys the venue lists', () => {
  const run = (...args: string[]) => keyturn(args, { cwd: world.folder });
  const made = async (label: string) => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await world.post('create', { account: 'desk', label, publicKey: pem, ipAllowlist: '127.0.0.1' });
  };
  const audited = async () => {
    const { stdout } = await run('audit', '-o', 'json');
    return (JSON.parse(stdout) as { findings: { code: string; subject: string }[] }).findings.map(
      ({ code, subject }) => `${subject} ${code}`,
    );
  };

  beforeEach(() => world.turnTo(new Date()));

  it('is adopted by the labels; audit names what belongs to nobody', async () => {
    await made('spot');
    await made('left over');
    expect(await audited()).toEqual(['desk/spot not-adopted', 'desk unowned']);
    expect(await run('adopt', 'desk')).toMatchObject({ status: 0, stdout: /desk\/spot is adopted as generation 1/ });
    expect(await audited()).toEqual(['desk/spot age-unknown', 'desk/spot no-private-half', 'desk unowned']);
  });

  it('proves the end of a key without a private half by the list alone', async () => {
    await made('spot');
    await run('adopt', 'desk');
    world.forward({ days: 29 });
    await world.apply();
    world.forward({ hours: 25 });
    expect(await world.apply()).toEqual([
      'revoke done removed',
      'prove done proven-dead',
      'destroy done destroyed',
      'not-due',
    ]);
  });

  it('that were not listed this time are not all in order', async () => {
    await world.post('edit', { apiKey: master, enableReading: 'on', enableSpotAndMarginTrading: 'off' });
    expect(await audited()).toEqual(['desk not-seen']);
  });

  it('hides nothing else where keyturn.yaml does not say how to list it', async () => {
    const file = join(world.folder, 'keyturn.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('desk: desk@', 'other: desk@'));
    expect(await audited()).toEqual(['desk not-seen']);
  });

  it('never calls a key nobody’s whose record, or private half, could not be read or is lost', async () => {
    await world.apply();
    expect(await audited()).toEqual(['desk/spot allowlist-unproven']);
    const files = await readdir(world.folder, { recursive: true });
    const spoil = (what: RegExp) =>
      Promise.all(files.filter((file) => what.test(file)).map((file) => writeFile(join(world.folder, file), 'x')));
    await spoil(/key\.pem\.age$/);
    expect(await audited()).toEqual(['desk/spot allowlist-unproven', 'desk/spot not-seen']);
    await spoil(/record\/\d+\.json$/);
    expect(await audited()).toEqual(['desk/spot not-seen', 'desk not-seen']);
    await rm(join(world.folder, '.keyturn/store/desk/spot/record'), { recursive: true });
    expect(await audited()).toEqual(['desk/spot not-seen', 'desk not-seen']);
  });

  it('with two keys of one label needs a decision', async () => {
    await made('spot');
    await made('spot');
    expect(await run('adopt', 'desk')).toMatchObject({ status: 1, stderr: /2 keys at the venue are labelled spot/ });
  });
});
