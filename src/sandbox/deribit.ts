import { createHash, randomBytes } from 'node:crypto';
import { isKeyturnError, KeyturnError } from '../errors.ts';
import { admits, parseAllowlist } from './allowlist.ts';
import { knownKey, type Unusual } from './authenticate.ts';
import type { SandboxClock } from './clock.ts';
import type { House } from './house.ts';
import { type Answer, type Call, json } from './http.ts';
import { OFFERS } from './offers.ts';
import { accountUid, type RegisteredKey, type Registry } from './registry.ts';
import { isSignedBy } from './signature.ts';

/** Deribit’s JSON-RPC over HTTP, as far as keys go: a signature buys a token, the token does the rest. */

type Parameters = Record<string, unknown>;

/** What a private method is called with. */
interface Calling {
  key: RegisteredKey;
  parameters: Parameters;
  now: Date;
}

interface Method {
  /** The scope it needs. */
  scope: string;
  answer: (calling: Calling) => unknown;
}

const TOKEN_SECONDS = 900;
const MAX_SKEW_MS = 60_000;
const BASE = '/api/v2/';

const success = (result: unknown): Answer => json(200, { jsonrpc: '2.0', result });

const refuse = (status: number, code: number, message: string): Answer => ({
  ...json(status, { jsonrpc: '2.0', error: { code, message } }),
  code,
});

const invalidCredentials = () => refuse(400, 13004, 'invalid_credentials');
const unauthorized = () => refuse(401, 13009, 'unauthorized');

export function deribit(registry: Registry, clock: SandboxClock): House {
  const tokens = new Map<string, { apiKey: string; until: number }>();
  const methods = keyMethods(registry);

  const tokenOf = ({ headers: { authorization = '' } }: Call) => tokens.get(authorization.replace(/^bearer /i, ''));

  const open: Record<string, (call: Call, now: Date, unusual: Unusual) => Answer> = {
    'public/get_time': (_, now) => success(now.getTime()),
    'public/status': () => success({ locked: 'false', locked_indices: [] }),
    'public/auth'(call, now, unusual) {
      const key = unusual.impostor ?? signedIn(parametersOf(call), { now, unusual, address: call.address });
      if (key === null) return invalidCredentials();
      const token = randomBytes(24).toString('base64url');
      tokens.set(token, { apiKey: key.apiKey, until: now.getTime() + TOKEN_SECONDS * 1000 });
      const bearer = { access_token: token, expires_in: TOKEN_SECONDS, token_type: 'bearer', scope: scopeOf(key) };
      return success({ ...bearer, refresh_token: randomBytes(24).toString('base64url'), enabled_features: [] });
    },
  };

  function signedIn(
    parameters: Parameters,
    { now, unusual, address }: { now: Date; unusual: Unusual; address: string },
  ): RegisteredKey | null {
    const { grant_type, client_id, timestamp, nonce = '', data = '', signature } = parameters;
    if (grant_type !== 'client_signature' || Math.abs(now.getTime() - Number(timestamp)) > MAX_SKEW_MS) return null;
    const key = knownKey(registry, 'deribit', { apiKey: String(client_id), now, unusual });
    if (key === undefined || !admits(key.ipAllowlist, address)) return null;
    const payload = Buffer.from(`${String(timestamp)}\n${String(nonce)}\n${String(data)}`);
    return isSignedBy(key.publicKey, payload, Buffer.from(String(signature), 'base64url')) ? key : null;
  }

  function privately(name: string, call: Call, now: Date, unusual: Unusual): Answer {
    const method = methods[name];
    if (method === undefined) return refuse(400, -32601, 'Method not found');
    const token = tokenOf(call);
    const isValid = token && token.until > now.getTime();
    const key = isValid ? knownKey(registry, 'deribit', { apiKey: token.apiKey, now, unusual }) : undefined;
    if (key === undefined) return unauthorized();
    if (!admits(key.ipAllowlist, call.address)) return unauthorized();
    if (!grants(key, method.scope)) return refuse(403, 13021, 'forbidden');
    if (unusual.secondFactor) {
      return success({ security_key_authorization_required: true, challenge: randomBytes(12).toString('base64url') });
    }
    try {
      return success(method.answer({ key, parameters: parametersOf(call), now }));
    } catch (error) {
      if (!isKeyturnError(error)) throw error;
      return refuse(400, -32602, 'Invalid params');
    }
  }

  return {
    name: 'deribit',
    has: (path) => /^\/api\/v2\/(private\/|public\/(auth|get_time|status)$)/.test(path),
    keyIdOf(call) {
      const { client_id } = parametersOf(call);
      return tokenOf(call)?.apiKey ?? (typeof client_id === 'string' ? client_id : null);
    },
    answer(call, unusual) {
      const now = new Date(clock.now().getTime() + (unusual.aheadMs ?? 0));
      const name = call.path.slice(BASE.length);
      return open[name]?.(call, now, unusual) ?? privately(name, call, now, unusual);
    },
    words: {
      unknownKey: invalidCredentials,
      refused: invalidCredentials,
      badSignature: invalidCredentials,
      overloaded: () => refuse(503, 13028, 'temporarily_unavailable'),
      rateLimited: () => refuse(429, 10028, 'too_many_requests'),
      banned: () => refuse(429, 10028, 'too_many_requests'),
      maintenance: ({ path }) => (path === `${BASE}public/status` ? success({ locked: 'true' }) : null),
      surprising: ({ path }, fields) => (path === `${BASE}private/list_api_keys` ? withTimeTravel(fields) : null),
    },
  };
}

/** Whether a key’s scope is as wide as this; who may write may read. */
const grants = ({ on }: RegisteredKey, scope: string): boolean => on.includes(scope) || on.includes(`${scope}_write`);

function keyMethods(registry: Registry): Record<string, Method> {
  const subject = ({ key, parameters: { id } }: Calling): RegisteredKey => {
    const found = registry.list('deribit', key.account).find((each) => numberOf(each) === id);
    if (found) return found;
    throw new KeyturnError('not-found', 'there is no such API key');
  };
  return {
    'private/list_api_keys': {
      scope: 'account:read',
      answer: ({ key }) => registry.list('deribit', key.account).map(describe),
    },
    'private/get_account_summaries': {
      scope: 'account:read',
      answer: ({ key: { account } }) => ({ id: accountUid(account), type: 'main', summaries: [] }),
    },
    'private/create_api_key': {
      scope: 'account:read_write',
      answer({ key: { account }, parameters: { name, public_key, max_scope }, now }) {
        const on = scopesIn(String(max_scope));
        const draft = { house: 'deribit', account, label: String(name), publicKey: String(public_key), on } as const;
        return describe(registry.create({ ...draft, passphrase: null, ipAllowlist: null }, now));
      },
    },
    'private/edit_api_key': {
      scope: 'account:read_write',
      answer(calling) {
        const key = subject(calling);
        const { max_scope, ip_whitelist } = calling.parameters;
        const addresses = Array.isArray(ip_whitelist) ? ip_whitelist.join(',') : (key.ipAllowlist?.join(',') ?? '');
        const ipAllowlist = addresses === '' ? null : parseAllowlist(addresses);
        return describe(registry.edit(key.apiKey, { on: scopesIn(String(max_scope)), ipAllowlist }));
      },
    },
    'private/remove_api_key': {
      scope: 'account:read_write',
      answer(calling) {
        registry.remove(subject(calling).apiKey, calling.now);
        return 'ok';
      },
    },
  };
}

function parametersOf({ body }: Call): Parameters {
  try {
    const { params } = JSON.parse(body.toString('utf8')) as { params?: Parameters };
    return params ?? {};
  } catch {
    return {};
  }
}

/** `account:read trade:read_write`; scopes that are none are left out. */
const scopesIn = (text: string): string[] =>
  text.split(' ').filter((scope) => OFFERS.deribit.switches.some(({ field }) => field === scope));

/** Every scope with how wide it is, as the exchange writes it. */
function scopeOf({ on }: RegisteredKey): string {
  const names = new Set(OFFERS.deribit.switches.map(({ field }) => field.split(':')[0]));
  const widest = (name?: string) => ['read_write', 'read'].find((each) => on.includes(`${name}:${each}`)) ?? 'none';
  return [...names].map((name) => `${name}:${widest(name)}`).join(' ');
}

/** The number by which methods know a key; the key id is for signing in only. */
const numberOf = ({ apiKey }: RegisteredKey): number => createHash('sha256').update(apiKey).digest().readUIntBE(0, 4);

const describe = (key: RegisteredKey) => ({
  id: numberOf(key),
  client_id: key.apiKey,
  client_secret: createHash('md5').update(key.publicKey.pem).digest('hex'),
  public_key: key.publicKey.pem,
  name: key.label,
  max_scope: scopeOf(key),
  enabled: true,
  enabled_features: [],
  ip_whitelist: key.ipAllowlist ?? [],
  default: false,
  timestamp: key.createTime,
});

function withTimeTravel(fields: Record<string, unknown>): object {
  const keys = fields.result as { max_scope: string }[];
  return { ...fields, result: keys.map((key) => ({ ...key, max_scope: `${key.max_scope} time:travel` })) };
}
