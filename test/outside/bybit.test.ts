import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aWorld, KEY, type World } from '../flow/world.ts';
import { describeWith, program } from '../programs/index.ts';

/** Clients of Bybit that others wrote, with the keys keyturn delivered, at the sandbox. None of them opens encrypted PEM. */

const CLIENTS: Record<string, [program: () => string, file: string]> = {
  'bybit-api': [() => process.execPath, 'bybit-api.mjs'],
  ccxt: [() => process.execPath, 'ccxt.mjs'],
  pybit: [() => program('python'), 'permissions.py'],
};

type Answers = Record<string, { status: unknown; stdout: string; stderr: string }>;

describeWith(['python', 'node clients'], 'clients of Bybit', () => {
  let world: World;
  let before: Answers;
  let after: Record<'current' | 'previous', Answers>;

  /** What an application has of one generation, its PEM decrypted. */
  async function delivered(generation: number): Promise<Record<string, string>> {
    const store = await world.workspace.ports.store('local');
    const { privateKey, passphrase } = await store.readMaterial(KEY, generation);
    const found = (await world.record()).generations.find((each) => each.generation === generation);
    const pem = createPrivateKey({ key: privateKey.reveal(), passphrase: passphrase?.reveal() ?? '' });
    return {
      BYBIT_URL: world.sandbox.url,
      KEY_ID: found?.apiKey ?? '',
      PRIVATE_KEY: pem.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  function run([command, file]: (typeof CLIENTS)[string], variables: Record<string, string>) {
    const env = {
      ...variables,
      PATH: process.env.PATH,
      NODE_OPTIONS: `--import=${new URL('loopback-only/refuse.mjs', import.meta.url).href}`,
      PYTHONPATH: fileURLToPath(new URL('loopback-only', import.meta.url)),
    };
    return new Promise<Answers[string]>((done) => {
      execFile(command(), [join(world.folder, 'clients', file)], { env, timeout: 60_000 }, (error, stdout, stderr) =>
        done({ status: error === null ? 0 : error.code, stdout, stderr }),
      );
    });
  }

  async function ask(variables: Record<string, string>): Promise<Answers> {
    const answers = Object.entries(CLIENTS).map(async ([name, client]) => [name, await run(client, variables)]);
    return Object.fromEntries(await Promise.all(answers));
  }

  beforeAll(async () => {
    // At the present time, because clients sign by their own clock.
    world = await aWorld({
      kind: 'bybit',
      algorithm: 'rsa-2048',
      enters: { readWrite: 'on' },
      schedule: '{ overlap: 1s }',
      at: new Date().toISOString(),
    });
    cpSync(new URL('bybit', import.meta.url), join(world.folder, 'clients'), { recursive: true });
    symlinkSync(program('node clients'), join(world.folder, 'node_modules'));
    const turnsOver = async () => {
      await world.apply();
      await world.registers();
      await world.apply();
    };
    await turnsOver();
    const previous = await delivered(1);
    before = await ask(previous);
    await world.rotate({ reason: 'drill', compromised: null });
    await turnsOver();
    world.forward({ minutes: 1 });
    await world.apply();
    await world.deletes();
    world.forward({ minutes: -1 });
    after = { current: await ask(await delivered(2)), previous: await ask(previous) };
  }, 180_000);
  afterAll(() => world?.close());

  describe.each(Object.keys(CLIENTS))('%s', (client) => {
    const reads = ({ [client]: answer }: Answers) => {
      expect(answer).toMatchObject({ status: 0 });
      const { permissions, ips, rsaPublicKey } = JSON.parse(answer?.stdout ?? '');
      expect(permissions).toMatchObject({ Spot: ['SpotTrade'], Wallet: [] });
      expect(ips).toEqual(['127.0.0.1']);
      expect(rsaPublicKey).toContain('BEGIN PUBLIC KEY');
    };
    it('reads its permissions with the key keyturn delivered', () => reads(before));
    it('goes on with the next one after the deletion', () => reads(after.current));
    it('is refused with the one before', () =>
      expect(after.previous[client]).toMatchObject({ status: 1, stderr: expect.stringContaining('10003') }));
  });
});
