import { admits } from './allowlist.ts';
import { knownKey, type Unusual } from './authenticate.ts';
import type { SandboxClock } from './clock.ts';
import type { House } from './house.ts';
import { type Answer, type Call, json } from './http.ts';
import { OFFERS } from './offers.ts';
import { accountUid, type RegisteredKey, type Registry } from './registry.ts';
import { isSignedBy } from './signature.ts';

/** Bybit V5, as far as keys go. */

const DAY_MS = 86_400_000;
/** A key without addresses ends after this. */
const UNBOUND_DAYS = 90;
const DEFAULT_WINDOW = '5000';
const MAX_AHEAD_MS = 1_000;

const STATUS = '/v5/system/status';
const QUERY_API = '/v5/user/query-api';
/** One of these lets a key delete itself. */
const WALLET = ['Wallet.AccountTransfer', 'Wallet.SubMemberTransfer', 'Wallet.Withdraw'];

const answer = (now: Date, retCode: number, retMsg: string, result: object = {}): Answer => ({
  ...json(200, { retCode, retMsg, result, retExtInfo: {}, time: now.getTime() }),
  ...(retCode === 0 ? {} : { code: retCode }),
});

export function bybit(registry: Registry, clock: SandboxClock): House {
  const refuse = (code: number, message: string) => answer(clock.now(), code, message);

  const signed: Record<string, Record<string, (key: RegisteredKey, now: Date) => Answer>> = {
    [QUERY_API]: { GET: (key, now) => answer(now, 0, '', informationOf(key, now)) },
    '/v5/user/delete-api': {
      POST: (key, now) => {
        if (!canWrite(key) || !key.on.some((field) => WALLET.includes(field))) return denied();
        registry.remove(key.apiKey, now);
        return answer(now, 0, '');
      },
    },
  };

  const unsigned: Record<string, (now: Date) => Answer> = {
    '/v5/market/time': (now) =>
      answer(now, 0, 'OK', {
        timeSecond: `${Math.floor(now.getTime() / 1000)}`,
        timeNano: `${now.getTime()}000000`,
      }),
    [STATUS]: (now) => answer(now, 0, '', { list: [] }),
  };

  const unknown = () => refuse(10003, 'API key is invalid.');
  const unsignedRight = () => refuse(10004, 'Error sign, please check your signature generation algorithm.');
  const denied = () => refuse(10005, 'Permission denied, please check your API key permissions.');
  const foreign = () => refuse(10010, 'Unmatched IP, please check your API key’s bound IP addresses.');

  return {
    name: 'bybit',
    has: (path) => path.startsWith('/v5/'),
    keyIdOf,
    answer(call, unusual) {
      const now = new Date(clock.now().getTime() + (unusual.aheadMs ?? 0));
      const open = unsigned[call.path];
      if (open) return open(now);
      const route = signed[call.path]?.[call.method];
      if (route === undefined) return { status: 404, headers: {}, body: '' };
      if (unusual.impostor) return route(unusual.impostor, now);
      const key = authenticated(call, now, unusual);
      return 'status' in key ? key : route(key, now);
    },
    words: {
      unknownKey: unknown,
      refused: foreign,
      badSignature: unsignedRight,
      overloaded: () => ({ ...json(503, {}), code: 10016 }),
      rateLimited: () => refuse(10006, 'Too many visits. Exceeded the API Rate Limit.'),
      banned: () => ({ status: 403, headers: { 'content-type': 'text/html' }, body: 'access too frequent' }),
      maintenance: ({ path }) =>
        path === STATUS ? answer(clock.now(), 0, '', { list: [{ title: 'Upgrade', state: 'ongoing' }] }) : null,
      surprising: ({ path }, fields) => (path === QUERY_API ? withTimeTravel(fields) : null),
    },
  };

  function authenticated(call: Call, now: Date, unusual: Unusual): RegisteredKey | Answer {
    const { headers, method, query, body, address } = call;
    const header = (name: string) => String(headers[`x-bapi-${name}`] ?? '');
    const [apiKey, timestamp, window] = [header('api-key'), header('timestamp'), header('recv-window')];
    const age = now.getTime() - Number(timestamp || Number.NaN);
    if (!(age > -MAX_AHEAD_MS && age <= Number(window || DEFAULT_WINDOW))) {
      return refuse(10002, 'invalid request, please check your server timestamp or recv_window param.');
    }
    const key = knownKey(registry, 'bybit', { apiKey, now, unusual });
    if (key === undefined) return unknown();
    if (expiryOf(key) <= now.getTime()) return refuse(33004, 'Your api key has expired.');
    if (!admits(key.ipAllowlist, address)) return foreign();
    const payload = Buffer.concat([
      Buffer.from(timestamp + apiKey + window),
      method === 'GET' ? Buffer.from(query, 'latin1') : body,
    ]);
    return isSignedBy(key.publicKey, payload, Buffer.from(header('sign'), 'base64')) ? key : unsignedRight();
  }
}

const keyIdOf = ({ headers: { 'x-bapi-api-key': apiKey } }: Call): string | null =>
  typeof apiKey === 'string' ? apiKey : null;

const canWrite = ({ on }: RegisteredKey): boolean => on.includes('readWrite');

const expiryOf = ({ createTime, ipAllowlist }: RegisteredKey): number =>
  ipAllowlist === null ? createTime + UNBOUND_DAYS * DAY_MS : Number.POSITIVE_INFINITY;

/** `2026-06-01T12:00:00Z`: without milliseconds. */
const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What a key can learn about itself. */
function informationOf(key: RegisteredKey, now: Date) {
  const expiry = expiryOf(key);
  const isBound = key.ipAllowlist !== null;
  return {
    id: `${key.createTime}`,
    note: key.label,
    apiKey: key.apiKey,
    readOnly: canWrite(key) ? 0 : 1,
    secret: '',
    permissions: permissionsOf(key),
    ips: key.ipAllowlist ?? ['*'],
    type: 1,
    deadlineDay: isBound ? -2 : Math.floor((expiry - now.getTime()) / DAY_MS),
    // Bound keys have one, too, in the samples of the documentation; it means nothing there.
    expiredAt: isBound ? '1970-01-01T00:00:00Z' : instant(expiry),
    createdAt: instant(key.createTime),
    unified: 0,
    uta: 1,
    userID: accountUid(key.account),
    inviterID: 0,
    vipLevel: 'No VIP',
    mktMakerLevel: '0',
    affiliateID: 0,
    rsaPublicKey: key.publicKey.pem,
    isMaster: true,
    parentUid: '0',
    kycLevel: 'LEVEL_DEFAULT',
    kycRegion: '',
  };
}

/** `{ Spot: ['SpotTrade'], Wallet: [], … }` */
function permissionsOf({ on }: RegisteredKey): Record<string, string[]> {
  const grouped: Record<string, string[]> = { CopyTrading: [], BlockTrade: [], NFT: [], Affiliate: [] };
  for (const { field } of OFFERS.bybit.switches) {
    const [group = '', name] = field.split('.');
    if (name === undefined) continue;
    grouped[group] = [...(grouped[group] ?? []), ...(on.includes(field) ? [name] : [])];
  }
  return grouped;
}

function withTimeTravel(fields: Record<string, unknown>): object {
  const result = fields.result as { permissions: object };
  return { ...fields, result: { ...result, permissions: { ...result.permissions, Time: ['Travel'] } } };
}
