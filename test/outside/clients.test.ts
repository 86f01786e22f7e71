import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

type Command = readonly [string, ...string[]];
type Answers = Record<string, { status: unknown; stdout: string; stderr: string }>;

const NODE: Record<string, Command> = { '@binance/wallet': ['node', 'wallet.mjs'], ccxt: ['sh', 'ccxt.sh'] };
/** python-binance takes an encrypted Ed25519 key for an RSA key, as the page says. */
const CLIENTS: Record<string, Record<string, Command>> = {
  'rsa-2048': { ...NODE, 'python-binance': ['python', 'permissions.py'] },
  ed25519: NODE,
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
  function run([command, ...args]: Command, variables: Record<string, string> = {}) {
    const folders = [process.execPath, program('python'), program('age'), program('openssl')].map(dirname);
    const env = {
      ...variables,
      PATH: [...folders, process.env.PATH].join(delimiter),
      NODE_OPTIONS: `--import=${new URL('loopback-only/refuse.mjs', import.meta.url).href}`,
      PYTHONPATH: fileURLToPath(new URL('loopback-only', import.meta.url)),
    };
    return new Promise<Answers[string]>((done) => {
      execFile(command, args, { cwd: here.folder, env, timeout: 30_000 }, (error, stdout, stderr) =>
        done({ status: error === null ? 0 : error.code, stdout, stderr }),
      );
    });
  }

  const reaching: Record<string, Command> = {
    node: ['node', '-e', 'fetch("http://192.0.2.1/")'],
    python: ['python', '-c', 'import requests; requests.get("http://192.0.2.1/")'],
  };
  it.each(Object.entries(reaching))('%s could reach the loopback only', async (_, command) =>
    expect(await run(command)).toMatchObject({ status: 97, stderr: expect.stringContaining('reached for 192.0.2.1') }),
  );

  describe.each(Object.entries(CLIENTS))('%s', (algorithm, clients) => {
    let desk: Desk;
    let before: Answers;
    let overlap: Record<'current' | 'kept', Answers>;
    let after: Record<'current' | 'kept', Answers>;

    /** Every client at once, with the key in this folder. */
    async function ask(key: string): Promise<Answers> {
      const answers = Object.entries(clients).map(async ([name, command]) => [
        name,
        await run(command, variables(key)),
      ]);
      return Object.fromEntries(await Promise.all(answers));
    }
    const variables = (key: string) => ({ KEY: key, IDENTITY: desk.identity, BINANCE_URL: desk.url });

    beforeAll(async () => {
      desk = await aDesk(algorithm);
      await desk.turnsOver();
      before = await ask(desk.key);
      const kept = await desk.keeps();
      await desk.run('rotate', 'desk/spot', '--reason', 'drill');
      await desk.turnsOver();
      overlap = { current: await ask(desk.key), kept: await ask(kept) };
      await desk.deletesPrevious();
      await desk.proves();
      after = { current: await ask(desk.key), kept: await ask(kept) };
    }, 120_000);
    afterAll(() => desk?.close());

    describe.each(Object.keys(clients))('%s', (client) => {
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

    it('the fingerprint is the one of status', async () => {
      const { fingerprint } = JSON.parse(await desk.run('status', '-o', 'json')).keys[0].current;
      expect(await run(['sh', 'fingerprint.sh'], variables(desk.key))).toEqual({
        status: 0,
        stdout: `${fingerprint} *stdin\n`,
        stderr: '',
      });
    });

    it('the private half of the one before is erased in the store', async () =>
      expect((await readdir(join(desk.key, 'gen/000001'))).sort()).toEqual(['api-key.txt', 'meta.json', 'public.pem']));
  });
});
