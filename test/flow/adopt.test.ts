import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyturn } from '../cli/keyturn.ts';
import { aWorld, KEY, type World } from './world.ts';

/** Keys that people made before keyturn came, taken on over the command line; the sandbox is the exchange. */

let world: World;
beforeEach(async () => {
  world = await aWorld({ at: new Date().toISOString() });
});
afterEach(() => world.close());

const PASSPHRASE = 'their own passphrase';

interface Theirs {
  apiKey: string;
  pem: string;
}

/** A key made by hand on the page, with its private half in a file. */
async function theirs(
  { name = 'theirs', bits = 0, passphrase = '' } = {},
  switches: Record<string, string> = { enableReading: 'on', enableSpotAndMarginTrading: 'on' },
): Promise<Theirs> {
  const { publicKey, privateKey } =
    bits > 0 ? generateKeyPairSync('rsa', { modulusLength: bits }) : generateKeyPairSync('ed25519');
  const protection = passphrase === '' ? {} : { cipher: 'aes-256-cbc', passphrase };
  const pem = join(world.folder, `${name}.pem`);
  writeFileSync(pem, privateKey.export({ type: 'pkcs8', format: 'pem', ...protection }), { mode: 0o600 });
  if (passphrase !== '') writeFileSync(join(world.folder, `${name}.pass`), `${passphrase}\n`, { mode: 0o600 });
  const form = {
    label: name,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ipAllowlist: '127.0.0.1',
    ...switches,
  };
  const created = await world.post('create', form);
  return { apiKey: created.ok ? ((await created.json()) as { apiKey: string }).apiKey : '', pem };
}

const run = (...args: string[]) => keyturn(args, { cwd: world.folder });
const adopt = (key: { apiKey: string; pem?: string }, ...args: string[]) =>
  run('adopt', KEY, key.apiKey, ...(key.pem ? ['--private-key', key.pem] : []), ...args);
const audited = async () => {
  const { status, stdout } = await run('audit', '-o', 'json');
  const { findings } = JSON.parse(stdout) as { findings: { code: string; message: string }[] };
  return { status, codes: findings.map(({ code }) => code), findings };
};

describe('a key with its private half', () => {
  it('becomes the first generation, is read by consumers, and is rotated like any other', async () => {
    const key = await theirs();
    expect(await adopt(key)).toMatchObject({ status: 0, stdout: /adopted as generation 1/ });
    expect(await world.status()).toMatchObject({ phase: 'steady', current: { generation: 1 } });
    expect(await world.apply()).toEqual(['not-due']);
    world.forward({ days: 29 });
    await world.apply();
    await world.registers();
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'overlap']);
    world.forward({ hours: 25 });
    await world.apply();
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  });

  it('gets a passphrase where its policy wants one, and keeps its own where it has one', async () => {
    const key = await theirs({ name: 'locked', passphrase: PASSPHRASE });
    const { status } = await adopt(key, '--passphrase-file', 'locked.pass');
    expect(status).toBe(0);
    const store = await world.workspace.ports.store('local');
    const { passphrase } = await store.readMaterial(KEY, 1);
    expect(passphrase?.revealText() === PASSPHRASE).toBe(true);
  });

  it('that was not locked is locked in the store', async () => {
    await adopt(await theirs());
    const store = await world.workspace.ports.store('local');
    expect((await store.readMaterial(KEY, 1)).passphrase).not.toBeNull();
  });

  it('is found out to be other than its policy says, and adopted all the same', async () => {
    const key = await theirs({}, { enableReading: 'on', enableFutures: 'on' });
    const { status, stdout } = await adopt(key);
    expect(status).toBe(0);
    expect(stdout).toContain('turn on “Enable Spot & Margin Trading”');
    const { status: auditStatus, codes } = await audited();
    expect(auditStatus).toBe(3);
    expect(codes).toEqual(['allowlist-unproven', 'permission', 'permission']);
  });
});

describe('a key by its id alone', () => {
  it('counts from its adoption, is replaced in time, and its end is a person’s word', async () => {
    const key = await theirs();
    const { stdout } = await run('adopt', KEY, key.apiKey);
    expect(stdout).toMatch(/age is unknown/);
    expect(stdout).toMatch(/private half is not known/);
    expect((await audited()).codes).toEqual(['age-unknown', 'no-private-half']);
    world.forward({ days: 29 });
    await world.apply();
    await world.registers();
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'overlap']);
    world.forward({ hours: 25 });
    expect(await world.apply()).toEqual([
      'revoke waiting deletion-asked',
      'prove waiting no-private-half',
      'waiting-for-deletion',
    ]);
    expect(await world.tasks()).toMatchObject([{ kind: 'delete', apiKey: key.apiKey }]);
    await world.deletes();
    await world.apply();
    const attested = await run('attest', KEY, '--reason', 'seen gone on the page');
    expect(attested).toMatchObject({ status: 0, stdout: /not as proven/ });
    expect((await world.apply()).at(-1)).toBe('not-due');
    expect((await world.record()).history[0]).toMatchObject({ generation: 1, attested: expect.any(String) });
  });
});

describe('a lost record', () => {
  it('is rebuilt from the store’s pair and the key id', async () => {
    await world.apply();
    const apiKey = await world.registers();
    await world.apply();
    rmSync(join(world.folder, '.keyturn/store', KEY, 'record'), { recursive: true });
    expect((await run('plan', '-o', 'json')).stdout).toContain('record-lost');
    expect(await run('adopt', KEY, apiKey)).toMatchObject({ status: 0, stdout: /adopted as generation 1/ });
    expect(await world.status()).toMatchObject({ phase: 'steady', current: { generation: 1 } });
  });

  it('is not rebuilt with another pair than the store has', async () => {
    await world.apply();
    await world.registers();
    await world.apply();
    rmSync(join(world.folder, '.keyturn/store', KEY, 'record'), { recursive: true });
    expect(await adopt(await theirs())).toMatchObject({ status: 1, stderr: /the store holds generation 1/ });
  });
});

const REFUSED: Record<string, { given: () => Promise<string[]>; status: number; says: RegExp }> = {
  'the private half of another key': {
    given: async () => {
      const key = await theirs();
      const { pem } = await theirs({ name: 'other' });
      return [key.apiKey, '--private-key', pem];
    },
    status: 1,
    says: /with another public key than that of this private half/,
  },
  'an id the venue does not know': {
    given: async () => ['A'.repeat(64), '--private-key', (await theirs()).pem],
    status: 1,
    says: /the venue does not know its key id/,
  },
  'RSA with 1024 bits': {
    given: async () => ['A'.repeat(64), '--private-key', (await theirs({ bits: 1024 })).pem],
    status: 65,
    says: /rsa with 1024 bits is not taken/,
  },
  'an encrypted private half without its passphrase': {
    given: async () => ['A'.repeat(64), '--private-key', (await theirs({ passphrase: PASSPHRASE })).pem],
    status: 65,
    says: /is encrypted.*\n.*name its passphrase/,
  },
  'a file that others can read': {
    given: async () => {
      const { pem } = await theirs();
      writeFileSync(join(world.folder, 'open.pem'), pem, { mode: 0o644 });
      return ['A'.repeat(64), '--private-key', 'open.pem'];
    },
    status: 1,
    says: /can be read by others/,
  },
  'an id with a space': { given: async () => ['not an id'], status: 64, says: /contains a space/ },
  'no id': { given: async () => [], status: 64, says: /the key id is missing/ },
};

describe('is refused, and nothing is stored', () => {
  for (const [title, { given, status, says }] of Object.entries(REFUSED)) {
    it(title, async () => {
      const ran = await run('adopt', KEY, ...(await given()));
      expect(ran.stderr).toMatch(says);
      expect(ran.status).toBe(status);
      const store = await world.workspace.ports.store('local');
      expect(await store.listGenerations(KEY)).toEqual([]);
    });
  }

  it('a key that keyturn looks after already', async () => {
    const key = await theirs();
    await adopt(key);
    expect(await adopt(key)).toMatchObject({ status: 1, stderr: /looks after desk\/spot already: generation 1/ });
  });
});
