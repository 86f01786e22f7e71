import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BinanceSubAccountOptions } from '../../providers/venues/binance/sub-account-options.ts';
import { openBinanceSubAccount } from '../../providers/venues/binance-sub-account.ts';
import { DeribitOptions } from '../../providers/venues/deribit/options.ts';
import { openDeribit } from '../../providers/venues/deribit.ts';
import type { KeyManagement, VenueDependencies } from '../../src/ports/venue.ts';
import { dependencies, NOW } from './answering.ts';
import { serve } from './loopback.ts';

/** A daemon opens a venue once, and goes on for months: the key that manages others comes late, and is replaced. */

const GOOD = 'the-good-one';

/** Lists nothing, to the good key alone. */
const VENUES: Record<
  string,
  {
    answer: (path: string, isGood: boolean) => { status: number; body: object };
    open: (baseUrl: string, dependencies: VenueDependencies) => KeyManagement;
  }
> = {
  'Binance sub-accounts': {
    answer(path, isGood) {
      if (path === '/api/v3/time') return { status: 200, body: { serverTime: NOW } };
      return isGood
        ? { status: 200, body: { total: 0, rows: [] } }
        : { status: 400, body: { code: -2008, msg: 'Invalid Api-Key ID.' } };
    },
    open: (baseUrl, given) =>
      openBinanceSubAccount(
        BinanceSubAccountOptions.parse({ baseUrl, master: KEY, emails: { desk: 'desk@sub.example' } }),
        given,
      ).management,
  },
  Deribit: {
    answer(path, isGood) {
      const result = { 'public/get_time': NOW, 'public/auth': { access_token: 't' }, 'private/list_api_keys': [] };
      const method = path.slice('/api/v2/'.length) as keyof typeof result;
      return method === 'public/auth' && !isGood
        ? { status: 400, body: { error: { code: 13004, message: 'invalid_credentials' } } }
        : { status: 200, body: { result: result[method] } };
    },
    open: (baseUrl, given) => openDeribit(DeribitOptions.parse({ baseUrl, managing: { desk: KEY } }), given).management,
  },
};

const KEY = { apiKey: { file: 'id' }, privateKey: { file: 'pem' } };

it.each(Object.entries(VENUES))(
  '%s are managed as soon as the key is there, and with its successor',
  async (_, venue) => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-managing-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    let good = GOOD;
    const { url } = await serve(async (incoming, outgoing) => {
      let body = '';
      for await (const chunk of incoming) body += chunk;
      const isGood = incoming.headers['x-mbx-apikey'] === good || body.includes(`"client_id":"${good}"`);
      const answer = venue.answer((incoming.url ?? '').split('?')[0] ?? '', isGood);
      outgoing.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
    const { list } = venue.open(url, dependencies({ folder }));
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
    const { privateKey } = generateKeyPairSync('ed25519');
    write('id', GOOD);
    await expect(list?.('desk')).rejects.toMatchObject({ code: 'invalid' });
    write('pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(await list?.('desk')).toEqual({ state: 'listed', keys: [] });
    good = 'its-successor';
    write('id', good);
    expect(await list?.('desk')).toMatchObject({ state: 'trouble' });
    expect(await list?.('desk')).toEqual({ state: 'listed', keys: [] });
  },
);
