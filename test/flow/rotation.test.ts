import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { documentHash, firstBrokenLink } from '../../src/core/evidence.ts';
import { KeyturnError } from '../../src/errors.ts';
import { generate } from '../../src/steps/generate.ts';
import { toolsFor } from '../../src/workspace.ts';
import { describeWith, program } from '../programs/index.ts';
import { aWorld, KEY, type Setting, type World } from './world.ts';

let world: World;
afterEach(() => world.close());
const begin = async (setting?: Setting) => {
  world = await aWorld(setting);
};

/** The first generation, current. */
async function established(setting?: Setting): Promise<string> {
  await begin(setting);
  await world.apply();
  const apiKey = await world.registers();
  await world.apply();
  return apiKey;
}

/** The second generation is current, the first one past its overlap and asked to be deleted. */
async function replaced(setting?: Setting): Promise<void> {
  await established(setting);
  world.forward({ days: 29 });
  await world.apply();
  await world.registers();
  await world.apply();
  world.forward({ days: 1, minutes: 1 });
  await world.apply();
}

it('a pair that is made after all is told with its own algorithm, whatever the policy says meanwhile', async () => {
  await begin();
  const [key] = world.workspace.keys;
  if (!key) throw new Error('the policy has one key');
  const tools = await toolsFor(world.workspace, key, 'somebody');
  const putMaterial = () => Promise.reject(new KeyturnError('unavailable', 'no answer'));
  await expect(generate({ ...tools, store: { ...tools.store, putMaterial } }, null, 1)).rejects.toThrow('no answer');
  const changed = { ...key, algorithm: 'rsa-4096' as const };
  const { message } = await generate({ ...tools, key: changed }, await world.record(), 1);
  expect(message).toContain('ed25519');
});

describe('a rotation from start to end', () => {
  it('goes through every step, and each pass says what it did and what it waits for', async () => {
    await begin();
    expect(await world.apply()).toEqual([
      'generate done generated',
      'register waiting registration-asked',
      'waiting-for-registration',
    ]);
    expect(await world.apply()).toEqual(['waiting-for-registration']);
    await world.registers();
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
    world.forward({ days: 29 });
    expect(await world.apply()).toEqual([
      'generate done generated',
      'register waiting registration-asked',
      'waiting-for-registration',
    ]);
    await world.registers();
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'overlap']);
    world.forward({ hours: 23 });
    expect(await world.apply()).toEqual(['overlap']);
    world.forward({ hours: 2 });
    expect(await world.apply()).toEqual([
      'revoke waiting deletion-asked',
      'prove waiting still-works',
      'waiting-for-deletion',
    ]);
    await world.deletes();
    expect(await world.apply()).toEqual(['prove waiting seen-dead', 'proof-waits']);
    world.forward({ minutes: 5 });
    expect(await world.apply()).toEqual(['proof-waits']);
    world.forward({ minutes: 6 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
    expect(await world.status()).toMatchObject({
      phase: 'steady',
      overdue: false,
      current: { generation: 2 },
      next: null,
      previous: null,
    });
  });

  it('leaves evidence that can be checked without keyturn', async () => {
    await replaced();
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    await world.apply();
    const record = await world.record();
    const text = readFileSync(join(world.folder, '.keyturn/store', KEY, 'evidence/000001.json'), 'utf8');
    expect(documentHash(text)).toBe(record.history[0]?.evidence);
    expect(record.evidenceHead).toBe(record.history[0]?.evidence);
    const document = JSON.parse(text);
    expect(firstBrokenLink(KEY, 1, document.entries)).toBeNull();
    expect(document.entries.map(({ event }: { event: string }) => event)).toEqual([
      'generated',
      'registration-asked',
      'registered',
      'verified',
      'promoted',
      'superseded',
      'deletion-asked',
      'probed',
      'probed',
      'probed',
      'proven-dead',
      'destroyed',
    ]);
  });

  describeWith(['age', 'openssl'], 'the delivered key', () => {
    it('opens with age and openssl, and signs', async () => {
      await established({ key: ', algorithm: rsa-2048' });
      const current = join(world.folder, '.keyturn/store', KEY, 'current');
      const identity = join(world.folder, '.keyturn/identity.txt');
      const decrypt = (file: string) => execFileSync(program('age'), ['-d', '-i', identity, join(current, file)]);
      const key = join(world.folder, 'key.pem');
      writeFileSync(key, decrypt('key.pem.age'), { mode: 0o600 });
      const passphrase = decrypt('passphrase.txt.age').toString();
      const signature = execFileSync(program('openssl'), ['dgst', '-sha256', '-sign', key, '-passin', 'stdin'], {
        input: `${passphrase}\n`,
      });
      expect(signature.length).toBe(256);
      const fingerprint = execFileSync(program('openssl'), ['pkey', '-in', key, '-passin', 'stdin', '-pubout'], {
        input: `${passphrase}\n`,
      }).toString();
      expect(fingerprint).toBe(readFileSync(join(current, 'public.pem'), 'utf8'));
      expect(readFileSync(join(current, 'api-key.txt'), 'utf8')).toMatch(/^[A-Za-z0-9]{64}$/);
    });
  });

  it('takes the same id again from a second person who comes after the pass that promoted it', async () => {
    const apiKey = await established();
    const { revision } = await world.record();
    await world.handsIn(apiKey);
    expect((await world.record()).revision).toBe(revision);
    await expect(world.handsIn('b'.repeat(64))).rejects.toThrow(/waits for no key id/);
  });

  it('asks to delete a key by its label at the venue, also when its policy renamed it since', async () => {
    await established();
    world.forward({ days: 29 });
    await world.apply();
    await world.renames('maker, formerly: spot');
    expect((await world.tasks()).map(({ label }) => label)).toEqual(['maker-g2']);
    await world.registers();
    await world.apply();
    world.forward({ days: 1, minutes: 1 });
    await world.apply();
    expect((await world.tasks()).map(({ kind, label }) => `${kind} ${label}`)).toEqual(['delete spot-g1']);
  });

  it('erases the private half of the dead key and nothing else', async () => {
    await replaced();
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    await world.apply();
    const generations = join(world.folder, '.keyturn/store', KEY, 'gen');
    expect(readdirSync(join(generations, '000001')).sort()).toEqual(['api-key.txt', 'meta.json', 'public.pem']);
    expect(existsSync(join(generations, '000002/key.pem.age'))).toBe(true);
  });

  it('writes nothing in a pass that only waits', async () => {
    await replaced();
    const { revision } = await world.record();
    await world.apply();
    await world.apply();
    expect((await world.record()).revision).toBe(revision);
  });
});

describe('a key that is not as its policy says', () => {
  const cases: [string, (apiKey: string) => Record<string, string>, RegExp][] = [
    [
      'lacks a permission',
      () => ({ enableReading: 'on', ipRestrict: 'on', ipAllowlist: '127.0.0.1' }),
      /turn on “Enable Spot/,
    ],
    [
      'may withdraw, too',
      () => ({
        enableReading: 'on',
        enableSpotAndMarginTrading: 'on',
        enableWithdrawals: 'on',
        ipRestrict: 'on',
        ipAllowlist: '127.0.0.1',
      }),
      /turn off “Enable Withdrawals”/,
    ],
    [
      'has no allowlist',
      () => ({ enableReading: 'on', enableSpotAndMarginTrading: 'on', ipRestrict: 'false' }),
      /turn on .*127\.0\.0\.1/,
    ],
  ];
  it.each(cases)(
    '%s: it is not promoted, the task names the switch, and it is promoted once it is mended',
    async (_name, wrong, says) => {
      await begin();
      await world.apply();
      const apiKey = await world.registers();
      expect((await world.post('edit', { apiKey, ...wrong(apiKey) })).status).toBe(200);
      expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
      const [task] = await world.tasks();
      expect(task?.kind).toBe('fix');
      expect(task?.findings.map(({ message }) => message).join()).toMatch(says);
      expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
      await world.post('edit', {
        apiKey,
        enableReading: 'on',
        enableSpotAndMarginTrading: 'on',
        ipRestrict: 'on',
        ipAllowlist: '127.0.0.1',
      });
      expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
      expect(await world.tasks()).toEqual([]);
    },
  );

  it('has another public key: the task says so, and another id mends it', async () => {
    await begin();
    await world.apply();
    const { generateKeyPairSync } = await import('node:crypto');
    const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await world.registers({ publicKey });
    expect(await world.apply()).toEqual(['verify waiting fix-needed', 'fix-needed']);
    const [task] = await world.tasks();
    expect(task?.findings.map(({ code }) => code)).toEqual(['wrong-public-key']);
    const apiKey = await world.person.register({ ...(task as NonNullable<typeof task>), kind: 'register' });
    const { recordKeyId } = await import('../../src/commands/register.ts');
    const { keyNamed } = await import('../../src/workspace.ts');
    expect(await recordKeyId(world.workspace, keyNamed(world.workspace.keys, KEY), apiKey)).toBe('replaced');
    const [left] = await world.tasks();
    expect(left).toMatchObject({ kind: 'fix', findings: [], alsoDelete: [expect.stringMatching(/^[A-Za-z0-9]{64}$/)] });
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
  });
});

describe('the old key is not deleted', () => {
  it('is overdue, never dead, its material kept, and blocks the next scheduled rotation', async () => {
    await replaced();
    world.forward({ days: 3 });
    expect(await world.apply()).toEqual(['prove waiting still-works', 'deletion-overdue']);
    expect(await world.status()).toMatchObject({ overdue: true, phase: 'revoking', previous: { generation: 1 } });
    expect(existsSync(join(world.folder, '.keyturn/store', KEY, 'gen/000001/key.pem.age'))).toBe(true);
    world.forward({ days: 27 });
    expect(await world.apply()).toEqual(['prove waiting still-works', 'blocked-by-debt']);
  });

  it('is only disabled: inconclusive, and nothing is closed', async () => {
    await replaced();
    const apiKey = (await world.record()).generations[0]?.apiKey ?? '';
    await world.post('edit', { apiKey, enableReading: 'on', ipRestrict: 'on', ipAllowlist: '203.0.113.9' });
    expect(await world.apply()).toEqual(['prove waiting still-known', 'waiting-for-deletion']);
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove waiting still-known', 'waiting-for-deletion']);
  });
});

describe('the current key stops working', () => {
  it('nobody is asked to delete the previous one', async () => {
    await established();
    world.forward({ days: 29 });
    await world.apply();
    const apiKey = await world.registers();
    await world.apply();
    await world.post('delete', { apiKey });
    world.forward({ days: 1, minutes: 1 });
    expect(await world.apply()).toEqual(['revoke failed current-unproven', 'overlap']);
  });
});

describe('a compromised key', () => {
  it('is asked to be deleted first and replaced in the same pass; proof waits for a live control', async () => {
    await established();
    await world.rotate({ reason: 'laptop stolen', compromised: 'current' });
    expect(await world.apply()).toEqual([
      'revoke waiting deletion-asked',
      'generate done generated',
      'register waiting registration-asked',
      'waiting-for-registration',
    ]);
    expect((await world.tasks()).map(({ kind }) => kind).sort()).toEqual(['delete', 'register']);
    await world.deletes();
    expect(await world.apply()).toEqual(['waiting-for-registration']);
    await world.registers();
    expect(await world.apply()).toEqual([
      'verify done verified',
      'promote done promoted',
      'prove waiting seen-dead',
      'proof-waits',
    ]);
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
    expect((await world.status()).phase).toBe('steady');
  });
});

describe('a key for futures', () => {
  it('that is older than the futures account is not promoted, the task says why, and another key mends it', async () => {
    await begin({ purpose: 'futures-trading' });
    await world.apply();
    await world.registers();
    world.sandbox.faults.switchOn({ kind: 'refused', path: '/fapi/*' });
    expect((await world.apply()).at(-1)).toBe('fix-needed');
    const [task] = await world.tasks();
    expect(task?.findings.map(({ message }) => message).join()).toMatch(/open the futures account.*create it again/);
    world.sandbox.faults.switchAllOff();
    expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'not-due']);
  });
});
