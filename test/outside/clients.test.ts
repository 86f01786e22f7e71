import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, symlink } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aFolder } from '../cli/keyturn.ts';
import { describeWith, program } from '../programs/index.ts';
import { aDesk, type Desk } from './desk.ts';

/** The programs of docs/consumers.md, as they stand there, through a whole rotation. */

const PROGRAMS: Record<string, string> = Object.fromEntries(
  [...readFileSync('docs/consumers.md', 'utf8').matchAll(/^```\w+\n(?:#|\/\/) (\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, name = '', text = '']) => [name, text],
  ),
);

const CLIENTS: Record<string, [command: string, file: string]> = {
  '@binance/wallet': ['node', 'wallet.mjs'],
  ccxt: ['sh', 'ccxt.sh'],
  'python-binance': ['python', 'permissions.py'],
};

it('every program on the page has a name', () => {
  const fences = readFileSync('docs/consumers.md', 'utf8').match(/^```/gm)?.length;
  expect(fences).toBe(2 * Object.keys(PROGRAMS).length);
});

describeWith(['age', 'openssl', 'python', 'node clients'], 'clients that others wrote', () => {
  let here: Awaited<ReturnType<typeof aFolder>>;

  beforeAll(async () => {
    here = await aFolder(PROGRAMS);
    await symlink(program('node clients'), join(here.folder, 'node_modules'));
  });
  afterAll(() => here.close());

  /** Runs one of the programs as an application that has nothing but the folder of its key, an identity and the loopback. */
  function run([command, ...args]: readonly [string, ...string[]], variables: Record<string, string> = {}) {
    const folders = [process.execPath, program('python'), program('age'), program('openssl')].map(dirname);
    const env = {
      ...variables,
      PATH: [...folders, process.env.PATH].join(delimiter),
      NODE_OPTIONS: `--import=${resolve('test/outside/loopback-only/refuse.mjs')}`,
      PYTHONPATH: resolve('test/outside/loopback-only'),
    };
    return new Promise<{ status: unknown; stdout: string; stderr: string }>((done) => {
      execFile(command, args, { cwd: here.folder, env, timeout: 30_000 }, (error, stdout, stderr) =>
        done({ status: error === null ? 0 : error.code, stdout, stderr }),
      );
    });
  }

  const application = ({ url, identity }: Desk, key: string) => ({ KEY: key, IDENTITY: identity, BINANCE_URL: url });

  it.each([
    ['node', '-e', 'fetch("http://192.0.2.1/")'],
    ['python', '-c', 'import requests; requests.get("http://192.0.2.1/")'],
  ] as [string, ...string[]][])('%s could reach the loopback only', async (...command) =>
    expect(await run(command)).toMatchObject({ status: 97, stderr: expect.stringContaining('reached for 192.0.2.1') }),
  );

  describe.each(['rsa-2048', 'ed25519'])('%s', (algorithm) => {
    let desk: Desk;
    let fingerprint: Awaited<ReturnType<typeof run>>;
    let expected: string;
    type Answers = Record<string, Awaited<ReturnType<typeof run>>>;
    let before: Answers;
    let overlap: { current: Answers; kept: Answers };
    let after: { current: Answers; kept: Answers };

    /** Every client at once, with the key in this folder. */
    async function clients(key: string): Promise<Answers> {
      const answers = Object.entries(CLIENTS).map(async ([name, command]) => [
        name,
        await run(command, application(desk, key)),
      ]);
      return Object.fromEntries(await Promise.all(answers));
    }

    beforeAll(async () => {
      desk = await aDesk(algorithm);
      await desk.turnsOver();
      before = await clients(desk.key);
      const kept = await desk.keeps();
      await desk.run('rotate', 'desk/spot', '--reason', 'drill');
      await desk.turnsOver();
      overlap = { current: await clients(desk.key), kept: await clients(kept) };
      await desk.deletesPrevious();
      await desk.proves();
      after = { current: await clients(desk.key), kept: await clients(kept) };
      fingerprint = await run(['sh', 'fingerprint.sh'], application(desk, desk.key));
      expected = JSON.parse(await desk.run('status', '-o', 'json')).keys[0].current.fingerprint;
    });
    afterAll(() => desk.close());

    describe.each(Object.keys(CLIENTS))('%s', (client) => {
      const reads = ({ [client]: answer }: Answers) => {
        expect(answer).toMatchObject({ status: 0, stderr: '' });
        expect(JSON.parse(answer?.stdout ?? '')).toMatchObject({
          ipRestrict: true,
          enableReading: true,
          enableSpotAndMarginTrading: true,
          enableWithdrawals: false,
        });
      };

      it('reads its permissions with the key keyturn delivered', () => reads(before));
      it('goes on with the next one during the overlap', () => reads(overlap.current));
      it('could still use the one it kept during the overlap', () => reads(overlap.kept));
      it('goes on after the deletion', () => reads(after.current));
      it('is refused with the one it kept', () =>
        expect(after.kept[client]).toMatchObject({ status: 1, stderr: expect.stringMatching(/-2008\b/) }));
    });

    it('the fingerprint is the one of status', () =>
      expect(fingerprint).toEqual({ status: 0, stdout: `${expected} *stdin\n`, stderr: '' }));

    it('the private half of the one before is erased in the store', async () =>
      expect((await readdir(join(desk.key, 'gen/000001'))).sort()).toEqual(['api-key.txt', 'meta.json', 'public.pem']));
  });
});
