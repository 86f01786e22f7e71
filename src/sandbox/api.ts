import { authenticate, type SignedCall, type Unusual } from './authenticate.ts';
import type { SandboxClock } from './clock.ts';
import { exchangeInfo, futuresAccount, spotAccount, testFuturesOrder, testSpotOrder } from './exchange.ts';
import { type Answer, type Call, json } from './http.ts';
import { type Family, unknownPath, wrongMethod } from './refusals.ts';
import type { Registry } from './registry.ts';
import { subAccountCalls } from './sub-accounts.ts';
import { positions, type SwitchField } from './switches.ts';
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
  json(200, { ipRestrict: key.ipAllowlist !== null, createTime: key.createTime, ...positions(key.on) });

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

export const SYSTEM_STATUS = '/sapi/v1/system/status';
export const API_RESTRICTIONS = '/sapi/v1/account/apiRestrictions';

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

/** The part of the server that answers as the exchange's REST hosts do. */
export function exchangeApi(
  registry: Registry,
  clock: SandboxClock,
): (call: Call, family: Family, unusual: Unusual) => Answer {
  const meter = weightMeter();
  const routes = { ...ROUTES, ...subAccountRoutes(registry) };

  return (call, family, unusual) => {
    const now = new Date(clock.now().getTime() + (unusual.aheadMs ?? 0));
    const methods = Object.hasOwn(routes, call.path) ? routes[call.path] : undefined;
    if (methods === undefined) return unknownPath(family, call.method, call.path, now);
    const route = Object.hasOwn(methods, call.method) ? methods[call.method] : undefined;
    if (route === undefined) return wrongMethod(family, call.method, call.path, now);

    const weight = meter.count({ family, path: call.path, address: call.address, weight: route.weight, now });
    const answer = answerRoute(route, call, { family, registry, now, unusual });
    return { ...answer, headers: { ...answer.headers, ...weight } };
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

/** Which of the exchange's hosts has this path; null for paths that are none of theirs. */
export function familyOf(path: string): Family | null {
  const [, family] = /^\/(api|sapi|fapi)\//.exec(path) ?? [];
  return (family as Family | undefined) ?? null;
}
