import { admits } from './allowlist.ts';
import { knownKey, type Unusual } from './authenticate.ts';
import type { SandboxClock } from './clock.ts';
import type { House } from './house.ts';
import { type Answer, type Call, json } from './http.ts';
import { accountUid, type RegisteredKey, type Registry } from './registry.ts';
import { isSignedBy } from './signature.ts';

/** Bitget’s second API, as far as keys go. */

const MAX_AGE_MS = 30_000;
/** An account may be asked once in this time. */
const APART_MS = 1_000;
const TIME = '/api/v2/public/time';
const ACCOUNT = '/api/v2/spot/account/info';

const success = (now: Date, data: unknown): Answer =>
  json(200, { code: '00000', msg: 'success', requestTime: now.getTime(), data });

export function bitget(registry: Registry, clock: SandboxClock): House {
  const refuse = (status: number, code: number, msg: string): Answer => ({
    ...json(status, { code: `${code}`, msg, requestTime: clock.now().getTime(), data: null }),
    code,
  });
  const unknown = () => refuse(400, 40037, 'Apikey does not exist');
  const foreign = () => refuse(400, 40018, 'Invalid IP');
  const wrongSignature = () => refuse(400, 40009, 'sign signature error');
  const lastAsked = new Map<string, number>();
  const limited = () => refuse(429, 429, 'Too Many Requests');

  return {
    name: 'bitget',
    has: (path) => path === TIME || path.startsWith('/api/v2/spot/'),
    keyIdOf: ({ headers: { 'access-key': apiKey } }) => (typeof apiKey === 'string' ? apiKey : null),
    answer(call, unusual) {
      const now = new Date(clock.now().getTime() + (unusual.aheadMs ?? 0));
      if (call.path === TIME) return success(now, { serverTime: `${now.getTime()}` });
      if (call.path !== ACCOUNT || call.method !== 'GET') return refuse(404, 40404, 'Request URL NOT FOUND');
      const key = unusual.impostor ?? authenticated(call, now, unusual);
      if ('status' in key) return key;
      const sinceLast = now.getTime() - (lastAsked.get(key.account) ?? Number.NEGATIVE_INFINITY);
      if (sinceLast >= 0 && sinceLast < APART_MS) return limited();
      lastAsked.set(key.account, now.getTime());
      return success(now, informationOf(key));
    },
    words: {
      unknownKey: unknown,
      refused: foreign,
      badSignature: wrongSignature,
      overloaded: () => refuse(503, 40015, 'System is abnormal, please try again later'),
      rateLimited: limited,
      banned: limited,
      maintenance: () => null,
      surprising: ({ path }, fields) => (path === ACCOUNT ? withTimeTravel(fields) : null),
    },
  };

  function authenticated(call: Call, now: Date, unusual: Unusual): RegisteredKey | Answer {
    const { headers, method, path, query, body, address } = call;
    const header = (name: string) => String(headers[`access-${name}`] ?? '');
    const [apiKey, timestamp] = [header('key'), header('timestamp')];
    if (!/^bg_[0-9a-f]{32}$/.test(apiKey)) return refuse(400, 40006, 'Invalid ACCESS_KEY');
    if (!/^\d{13}$/.test(timestamp)) return refuse(400, 40005, 'Invalid ACCESS_TIMESTAMP');
    if (Math.abs(now.getTime() - Number(timestamp)) > MAX_AGE_MS) {
      return refuse(400, 40008, 'Request timestamp expired');
    }
    const key = knownKey(registry, 'bitget', { apiKey, now, unusual });
    if (key === undefined) return unknown();
    if (!admits(key.ipAllowlist, address)) return foreign();
    if (header('passphrase') !== key.passphrase) return refuse(400, 40012, 'apikey/password is incorrect');
    const target = query === '' ? path : `${path}?${query}`;
    const payload = Buffer.concat([Buffer.from(timestamp + method + target, 'latin1'), body]);
    return isSignedBy(key.publicKey, payload, Buffer.from(header('sign'), 'base64')) ? key : wrongSignature();
  }
}

const informationOf = ({ account, ipAllowlist, on, createTime }: RegisteredKey) => ({
  userId: `${accountUid(account)}`,
  inviterId: '0',
  channelCode: '',
  channel: '',
  ips: ipAllowlist?.join(',') ?? '',
  authorities: on,
  parentId: accountUid(account),
  traderType: 'not_trader',
  regisTime: `${createTime}`,
});

function withTimeTravel(fields: Record<string, unknown>): object {
  const data = fields.data as { authorities: string[] };
  return { ...fields, data: { ...data, authorities: [...data.authorities, 'time_travel'] } };
}
