import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../programs/index.ts';
import { aDesk, type Desk } from './desk.ts';
import { type Answer, type Application, anApplication, type Command, FENCES, PROGRAMS } from './page.ts';

/** The programs of docs/consumers.md, as they stand there, through a whole rotation. */

type Answers = Record<string, Answer>;

const NODE: Record<string, Command> = { '@binance/wallet': ['node', 'wallet.mjs'], ccxt: ['sh', 'ccxt.sh'] };
/** python-binance takes an encrypted Ed25519 key for an RSA key, as the page says. */
const CLIENTS: Record<string, Record<string, Command>> = {
  'rsa-2048': { ...NODE, 'python-binance': ['python', 'permissions.py'] },
  ed25519: NODE,
};

it('every program on the page has a name', () => expect(FENCES).toBe(2 * Object.keys(PROGRAMS).length));

describeWith(['age', 'openssl', 'python', 'node clients'], 'clients that others wrote', () => {
  let application: Application;
  beforeAll(async () => {
    application = await anApplication(['python', 'age', 'openssl']);
  });
  afterAll(() => application?.close());

  const reaching: Record<string, Command> = {
    node: ['node', '-e', 'fetch("http://192.0.2.1/")'],
    python: ['python', '-c', 'import requests; requests.get("http://192.0.2.1/")'],
  };
  it.each(Object.entries(reaching))('%s could reach the loopback only', async (_, command) =>
    expect(await application.run(command)).toMatchObject({
      status: 97,
      stderr: expect.stringContaining('reached for 192.0.2.1'),
    }),
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
        await application.run(command, variables(key)),
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
      expect(await application.run(['sh', 'fingerprint.sh'], variables(desk.key))).toEqual({
        status: 0,
        stdout: `${fingerprint} *stdin\n`,
        stderr: '',
      });
    });

    it('the private half of the one before is erased in the store', async () =>
      expect((await readdir(join(desk.key, 'gen/000001'))).sort()).toEqual(['api-key.txt', 'meta.json', 'public.pem']));
  });
});
