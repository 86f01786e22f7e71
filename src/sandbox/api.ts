import { authenticate, type SignedCall, type Unusual } from './authenticate.ts';
import type { SandboxClock } from './clock.ts';
import { exchangeInfo, futuresAccount, spotAccount, testFuturesOrder, testSpotOrder } from './exchange.ts';
import type { House } from './house.ts';
import { type Answer, type Call, json } from './http.ts';
import { badSignature, type Family, refusal, rejected, unknownKey, unknownPath, wrongMethod } from './refusals.ts';
import type { Registry } from './registry.ts';
import { subAccountCalls } from './sub-accounts.ts';
import { positions, SWITCHES, type SwitchField } from './switches.ts';
import { weightMeter } from './weights.ts';

/** One path and method. Either anybody may call it, or it names the switches that a key needs. */
type Route =
  | { weight: number; needs: null; answer: (now: Date) => Answer }
  | { weight: number; needs: readonly SwitchField[]; answer: (call: SignedCall) => Answer };

const nothing = () => json(200, {});

const serverTime = (now: Date) => json(200, { serverTime: now.getTime() });

const systemStatus = () => json(200, { status: 0, msg: 'normal' });

/** All that a key can learn about itself; the addresses it is tied to are not part of it. */
const apiRestrictions = ({ key }: SignedCall) =>
  json(200, { ipRestrict: key.ipAllowlist !== null, createTime: key.createTime, ...positions(SWITCHES, key.on) });

const accountStatus = () => json(200, { data: 'Normal' });

function apiTradingStatus({ now }: SignedCall): Answer {
  const triggerCondition = { GCR: 150, IFER: 150, UFR: 300 };
  return json(200, { data: { isLocked: false, plannedRecoverTime: 0, triggerCondition, updateTime: now.getTime() } });
}

const accountInfo = () =>
  json(200, {
    vipLevel: 0,
    isMarginEnabled: true,
    isFutureEnabled: true,
    isOptionsEnabled: true,
    isPortfolioMarginRetailEnabled: false,
  });

const READING = ['enableReading'] as const;
// Futures refuse even reading to keys that may not trade there.
const FUTURES = ['enableReading', 'enableFutures'] as const;

const SYSTEM_STATUS = '/sapi/v1/system/status';
const API_RESTRICTIONS = '/sapi/v1/account/apiRestrictions';

const ROUTES: Record<string, Record<string, Route>> = {
  '/api/v3/ping': { GET: { weight: 1, needs: null, answer: nothing } },
  '/api/v3/time': { GET: { weight: 1, needs: null, answer: serverTime } },
  '/api/v3/exchangeInfo': { GET: { weight: 20, needs: null, answer: exchangeInfo } },
  '/api/v3/account': { GET: { weight: 20, needs: READING, answer: spotAccount } },
  '/api/v3/order/test': { POST: { weight: 1, needs: ['enableSpotAndMarginTrading'], answer: testSpotOrder } },
  [SYSTEM_STATUS]: { GET: { weight: 1, needs: null, answer: systemStatus } },
  [API_RESTRICTIONS]: { GET: { weight: 1, needs: READING, answer: apiRestrictions } },
  '/sapi/v1/account/apiTradingStatus': { GET: { weight: 1, needs: READING, answer: apiTradingStatus } },
  '/sapi/v1/account/status': { GET: { weight: 1, needs: READING, answer: accountStatus } },
  '/sapi/v1/account/info': { GET: { weight: 1, needs: READING, answer: accountInfo } },
  '/fapi/v1/ping': { GET: { weight: 1, needs: null, answer: nothing } },
  '/fapi/v1/time': { GET: { weight: 1, needs: null, answer: serverTime } },
  '/fapi/v2/account': { GET: { weight: 5, needs: FUTURES, answer: futuresAccount } },
  '/fapi/v3/account': { GET: { weight: 5, needs: FUTURES, answer: futuresAccount } },
  '/fapi/v1/order/test': { POST: { weight: 1, needs: FUTURES, answer: testFuturesOrder } },
};

const MANAGING = ['enableReading', 'enableSpotAndMarginTrading'] as const;

/** Managing keys of sub-accounts; the weights are per account at the exchange, and 3000 each. */
function subAccountRoutes(registry: Registry): Record<string, Record<string, Route>> {
  const calls = subAccountCalls(registry);
  const managing = (answer: (call: SignedCall) => Answer): Route => ({ weight: 1, needs: MANAGING, answer });
  const keys = '/sub-account/subAccountApi';
  return {
    [`/sapi/v1${keys}`]: { GET: managing(calls.list), DELETE: managing(calls.remove) },
    [`/sapi/v2${keys}`]: { POST: managing(calls.create) },
    [`/sapi/v1${keys}Permission`]: { POST: managing(calls.setPermissions) },
    [`/sapi/v1${keys}/ipRestriction`]: { GET: managing(calls.showAddresses) },
    [`/sapi/v2${keys}/ipRestriction`]: { POST: managing(calls.setAddresses) },
  };
}

/** Binance, as its REST hosts answer. */
export function binance(registry: Registry, clock: SandboxClock): House {
  const meter = weightMeter();
  const routes = { ...ROUTES, ...subAccountRoutes(registry) };

  function answer(call: Call, unusual: Unusual): Answer {
    const family = familyOf(call.path);
    const now = new Date(clock.now().getTime() + (unusual.aheadMs ?? 0));
    const methods = Object.hasOwn(routes, call.path) ? routes[call.path] : undefined;
    if (methods === undefined) return unknownPath(family, call.method, call.path, now);
    const route = Object.hasOwn(methods, call.method) ? methods[call.method] : undefined;
    if (route === undefined) return wrongMethod(family, call.method, call.path, now);

    const weight = meter.count({ family, path: call.path, address: call.address, weight: route.weight, now });
    const answered = answerRoute(route, call, { family, registry, now, unusual });
    return { ...answered, headers: { ...answered.headers, ...weight } };
  }

  return {
    name: 'binance',
    has: (path) => FAMILY.test(path),
    keyIdOf: ({ headers: { 'x-mbx-apikey': apiKey } }) => (typeof apiKey === 'string' ? apiKey : null),
    answer,
    words: {
      unknownKey: ({ path, address }) => unknownKey(familyOf(path), address),
      refused: ({ path, address }) => rejected(familyOf(path), address),
      badSignature,
      overloaded: () => refusal(503, -1001, 'Internal error; unable to process your request. Please try again.'),
      rateLimited: () => refusal(429, -1003, 'Too many requests; current limit is exceeded.'),
      banned: ({ address }) => refusal(418, -1003, `Way too much request weight used; IP banned: ${address}.`),
      maintenance: ({ path }) => (path === SYSTEM_STATUS ? json(200, { status: 1, msg: 'system_maintenance' }) : null),
      surprising: ({ path }, fields) => (path === API_RESTRICTIONS ? { ...fields, enableTimeTravel: true } : null),
    },
  };
}

function answerRoute(
  route: Route,
  call: Call,
  at: { family: Family; registry: Registry; now: Date; unusual: Unusual },
): Answer {
  if (route.needs === null) return route.answer(at.now);
  const signed = authenticate(call, { ...at, needs: route.needs });
  return 'refusal' in signed ? signed.refusal : route.answer(signed);
}

const FAMILY = /^\/(api|sapi|fapi)\//;

/** Which of the exchange's hosts has this path. */
const familyOf = (path: string): Family => FAMILY.exec(path)?.[1] as Family;
