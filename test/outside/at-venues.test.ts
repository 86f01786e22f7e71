import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aWorld, KEY, type Setting, type World } from '../flow/world.ts';
import { describeWith, program } from '../programs/index.ts';

/** Clients that others wrote, with the keys keyturn delivered, at the sandbox; those of Binance’s main accounts are on docs/consumers.md. */

interface Venue {
  setting: Setting;
  /** What clients will look at. */
  prepare?: (world: World) => Promise<unknown>;
  /** The folder of the programs, and how each is run. */
  folder: string;
  clients: Record<string, [program: () => string, file: string]>;
  /** What a program prints with a key that works, and the code it fails with otherwise. */
  prints: object;
  refusedWith: string;
}

const node = () => process.execPath;
const python = () => program('python');

const VENUES: Record<string, Venue> = {
  // None of these opens encrypted PEM.
  Bybit: {
    setting: { kind: 'bybit', algorithm: 'rsa-2048', enters: { readWrite: 'on' } },
    folder: 'bybit',
    clients: {
      'bybit-api': [node, 'bybit-api.mjs'],
      ccxt: [node, 'ccxt.mjs'],
      pybit: [python, 'permissions.py'],
    },
    prints: {
      permissions: { Spot: ['SpotTrade'], Wallet: [] },
      ips: ['127.0.0.1'],
      rsaPublicKey: expect.stringContaining('BEGIN PUBLIC KEY'),
    },
    refusedWith: '10003',
  },
  // The key that keyturn turns over manages those of sub-accounts.
  'Binance, with a master key': {
    setting: {},
    prepare: (world) => world.managedBy('bot', { account: 'desk', ipRestrict: 'on' }),
    folder: 'binance-sub-account',
    clients: { 'binance-sdk-sub-account': [python, 'keys.py'] },
    prints: [{ label: 'bot', restricted: 'true', addresses: ['127.0.0.1'] }],
    refusedWith: '-2008',
  },
};

type Answers = Record<string, { status: unknown; stdout: string; stderr: string }>;

describeWith(['python', 'node clients'], 'clients of', () => {
  describe.each(Object.entries(VENUES))('%s', (_, { setting, prepare, folder, clients, prints, refusedWith }) => {
    let world: World;
    let before: Answers;
    let after: Record<'current' | 'previous', Answers>;

    /** What an application has of one generation, its PEM as delivered and decrypted. */
    async function delivered(generation: number): Promise<Record<string, string>> {
      const store = await world.workspace.ports.store('local');
      const { privateKey, passphrase } = await store.readMaterial(KEY, generation);
      const found = (await world.record()).generations.find((each) => each.generation === generation);
      const pem = createPrivateKey({ key: privateKey.reveal(), passphrase: passphrase?.reveal() ?? '' });
      return {
        VENUE_URL: world.sandbox.url,
        KEY_ID: found?.apiKey ?? '',
        ENCRYPTED_KEY: privateKey.revealText(),
        PASSPHRASE: passphrase?.revealText() ?? '',
        PRIVATE_KEY: pem.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    }

    function run([command, file]: Venue['clients'][string], variables: Record<string, string>) {
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
      const answers = Object.entries(clients).map(async ([name, client]) => [name, await run(client, variables)]);
      return Object.fromEntries(await Promise.all(answers));
    }

    beforeAll(async () => {
      // At the present time, because clients sign by their own clock.
      world = await aWorld({ ...setting, schedule: '{ overlap: 1s }', at: new Date().toISOString() });
      cpSync(new URL(folder, import.meta.url), join(world.folder, 'clients'), { recursive: true });
      symlinkSync(program('node clients'), join(world.folder, 'node_modules'));
      await prepare?.(world);
      await world.turnsOver();
      const previous = await delivered(1);
      before = await ask(previous);
      await world.rotate({ reason: 'drill', compromised: null });
      await world.turnsOver();
      world.forward({ minutes: 1 });
      await world.apply();
      await world.deletes();
      world.forward({ minutes: -1 });
      after = { current: await ask(await delivered(2)), previous: await ask(previous) };
    }, 180_000);
    afterAll(() => world?.close());

    describe.each(Object.keys(clients))('%s', (client) => {
      const works = ({ [client]: answer }: Answers) => {
        expect(answer).toMatchObject({ status: 0 });
        expect(JSON.parse(answer?.stdout ?? '')).toMatchObject(prints);
      };
      it('works with the key keyturn delivered', () => works(before));
      it('goes on with the next one after the deletion', () => works(after.current));
      it('is refused with the one before', () =>
        expect(after.previous[client]).toMatchObject({ status: 1, stderr: expect.stringContaining(refusedWith) }));
    });
  });
});
