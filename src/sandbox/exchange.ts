import type { SignedCall } from './authenticate.ts';
import { type Answer, json } from './http.ts';
import { missing, refusal } from './refusals.ts';
import { accountUid } from './registry.ts';

/** The little trading there is: two symbols, one balance, and orders that are checked and never placed. */

const SYMBOLS = [
  { base: 'BTC', tick: '0.01000000', step: '0.00001000' },
  { base: 'ETH', tick: '0.01000000', step: '0.00010000' },
];

/** `GET /api/v3/exchangeInfo`, with what client libraries read on loading markets. */
export function exchangeInfo(now: Date): Answer {
  return json(200, {
    timezone: 'UTC',
    serverTime: now.getTime(),
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000 },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100 },
    ],
    exchangeFilters: [],
    symbols: SYMBOLS.map(({ base, tick, step }) => ({
      symbol: `${base}USDT`,
      status: 'TRADING',
      baseAsset: base,
      baseAssetPrecision: 8,
      quoteAsset: 'USDT',
      quotePrecision: 8,
      quoteAssetPrecision: 8,
      baseCommissionPrecision: 8,
      quoteCommissionPrecision: 8,
      orderTypes: ['LIMIT', 'MARKET'],
      icebergAllowed: true,
      ocoAllowed: true,
      otoAllowed: true,
      quoteOrderQtyMarketAllowed: true,
      allowTrailingStop: true,
      cancelReplaceAllowed: true,
      isSpotTradingAllowed: true,
      isMarginTradingAllowed: true,
      filters: [
        { filterType: 'PRICE_FILTER', minPrice: tick, maxPrice: '1000000.00000000', tickSize: tick },
        { filterType: 'LOT_SIZE', minQty: step, maxQty: '9000.00000000', stepSize: step },
        { filterType: 'NOTIONAL', minNotional: '5.00000000', applyMinToMarket: true, maxNotional: '9000000.00000000' },
      ],
      permissions: [],
      permissionSets: [['SPOT', 'MARGIN']],
      defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
      allowedSelfTradePreventionModes: ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
    })),
  });
}

/** `GET /api/v3/account`: what the account may do, whatever the key may. */
export function spotAccount({ key, values, now }: SignedCall): Answer {
  const balances = [
    { asset: 'BTC', free: '0.00000000', locked: '0.00000000' },
    { asset: 'USDT', free: '10000.00000000', locked: '0.00000000' },
  ];
  return json(200, {
    makerCommission: 10,
    takerCommission: 10,
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: { maker: '0.00100000', taker: '0.00100000', buyer: '0.00000000', seller: '0.00000000' },
    canTrade: true,
    canWithdraw: true,
    canDeposit: true,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: now.getTime(),
    accountType: 'SPOT',
    balances: values.get('omitZeroBalances') === 'true' ? balances.filter(({ free }) => Number(free) > 0) : balances,
    permissions: ['SPOT'],
    uid: accountUid(key.account),
  });
}

/** `GET /fapi/v2/account` and `/fapi/v3/account`, without positions. The second has fewer fields; more do no harm. */
export function futuresAccount({ now }: SignedCall): Answer {
  const funds = {
    initialMargin: '0.00000000',
    maintMargin: '0.00000000',
    positionInitialMargin: '0.00000000',
    openOrderInitialMargin: '0.00000000',
    crossUnPnl: '0.00000000',
    crossWalletBalance: '10000.00000000',
    availableBalance: '10000.00000000',
    maxWithdrawAmount: '10000.00000000',
  };
  return json(200, {
    feeTier: 0,
    feeBurn: true,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
    totalInitialMargin: funds.initialMargin,
    totalMaintMargin: funds.maintMargin,
    totalWalletBalance: funds.crossWalletBalance,
    totalUnrealizedProfit: funds.crossUnPnl,
    totalMarginBalance: funds.crossWalletBalance,
    totalPositionInitialMargin: funds.positionInitialMargin,
    totalOpenOrderInitialMargin: funds.openOrderInitialMargin,
    totalCrossWalletBalance: funds.crossWalletBalance,
    totalCrossUnPnl: funds.crossUnPnl,
    availableBalance: funds.availableBalance,
    maxWithdrawAmount: funds.maxWithdrawAmount,
    assets: [
      {
        asset: 'USDT',
        walletBalance: funds.crossWalletBalance,
        unrealizedProfit: funds.crossUnPnl,
        marginBalance: funds.crossWalletBalance,
        ...funds,
        marginAvailable: true,
        updateTime: now.getTime(),
      },
    ],
    positions: [],
  });
}

/** `POST /api/v3/order/test`: an empty object when the order could have been sent. */
export const testSpotOrder = ({ values }: SignedCall): Answer => orderRefusal(values) ?? json(200, {});

/** `POST /fapi/v1/order/test`: answers with the order that would have been. */
export function testFuturesOrder({ values, now }: SignedCall): Answer {
  const order = {
    orderId: 0,
    symbol: values.get('symbol'),
    status: 'NEW',
    clientOrderId: values.get('newClientOrderId') ?? 'sandbox',
    price: values.get('price') ?? '0.00',
    origQty: values.get('quantity') ?? '0',
    executedQty: '0',
    side: values.get('side'),
    type: values.get('type'),
    updateTime: now.getTime(),
  };
  return orderRefusal(values) ?? json(200, order);
}

function orderRefusal(values: ReadonlyMap<string, string>): Answer | null {
  const lacking = requiredOf(values).find((name) => !values.get(name));
  if (lacking !== undefined) return missing(lacking);
  if (!SYMBOLS.some(({ base }) => values.get('symbol') === `${base}USDT`))
    return refusal(400, -1121, 'Invalid symbol.');
  if (!['BUY', 'SELL'].includes(values.get('side') ?? '')) return refusal(400, -1117, 'Invalid side.');
  if (!['LIMIT', 'MARKET'].includes(values.get('type') ?? '')) return refusal(400, -1116, 'Invalid orderType.');
  return null;
}

function requiredOf(values: ReadonlyMap<string, string>): string[] {
  const always = ['symbol', 'side', 'type'];
  if (values.get('type') === 'LIMIT') return [...always, 'timeInForce', 'quantity', 'price'];
  if (values.get('type') === 'MARKET') return [...always, values.has('quoteOrderQty') ? 'quoteOrderQty' : 'quantity'];
  return always;
}
