import * as z from 'zod/mini';
import { type Credential, PEOPLE_ONLY, type Probe, type Venue, type VenueDependencies } from '../../src/ports/venue.ts';
import { isLoopback } from '../address.ts';
import type { HttpClient } from '../http.ts';
import { Account, inspectionOf, Restrictions } from './binance/answers.ts';
import { binanceCapabilities } from './binance/capabilities.ts';
import { type BinanceClient, binanceClient } from './binance/client.ts';
import type { BinanceOptions } from './binance/options.ts';
import { httpVia } from './egress.ts';
import { withoutSlash } from './host.ts';
import { LETTERS_AND_DIGITS, probesBy, randomText } from './probes.ts';

/** A Binance main account, asked with signed reads that change nothing. Opening it asks nobody. */
export const openBinance = (options: BinanceOptions, dependencies: VenueDependencies): Venue => ({
  ...probesOver(clientFor(options, dependencies), options, dependencies),
  capabilities: binanceCapabilities(options),
  management: PEOPLE_ONLY,
});

/** One for everything that is asked of a host, so that a pause it wants holds for all of it. */
export const clientFor = ({ baseUrl }: BinanceOptions, dependencies: VenueDependencies): BinanceClient =>
  binanceClient({
    baseUrl: withoutSlash(baseUrl),
    clock: dependencies.clock,
    http: httpVia(dependencies.insideProxy, dependencies),
  });

/** What is asked with the key in question itself, which is the same for main and sub-accounts. */
export function probesOver(
  client: BinanceClient,
  options: BinanceOptions,
  dependencies: VenueDependencies,
): Omit<Venue, 'capabilities' | 'management'> {
  async function probe(credential: Credential, http?: HttpClient): Promise<Probe> {
    const restrictions = await client.signed(RESTRICTIONS, credential, http);
    const account = await client.signed(ACCOUNT, credential, http);
    return {
      answers: [restrictions.answer, account.answer],
      inspection: restrictions.body && inspectionOf(restrictions.body, account.body),
    };
  }

  const strangersId = () => randomText(64, LETTERS_AND_DIGITS);
  return {
    ...probesBy({ conditions: () => client.conditions(), probe, strangersId }, dependencies),
    async refusedUses(credential, permissions) {
      if (!permissions.includes('futures-trade')) return [];
      const { answer } = await client.signed({ ...FUTURES, host: futuresHost(options) }, credential);
      return answer.kind === 'refused' ? [{ permission: 'futures-trade', message: OLDER_THAN_FUTURES }] : [];
    },
  };
}

const RESTRICTIONS = {
  method: 'GET',
  path: '/sapi/v1/account/apiRestrictions',
  parameters: {},
  schema: Restrictions,
} as const;

const ACCOUNT = {
  method: 'GET',
  path: '/api/v3/account',
  parameters: { omitZeroBalances: 'true' },
  schema: Account,
} as const;

const FUTURES = { method: 'GET', path: '/fapi/v3/account', parameters: {}, schema: z.looseObject({}) } as const;

const futuresHost = ({ baseUrl, futuresUrl }: BinanceOptions): string =>
  withoutSlash(futuresUrl ?? (isLoopback(baseUrl) ? baseUrl : 'https://fapi.binance.com'));

/** "Get API Key Permission (USER_DATA)" of developers.binance.com. */
const OLDER_THAN_FUTURES =
  'futures refuse it although “Enable Futures” is on: open the futures account, then delete this key and create it again, since a key made before the account was opened cannot be used for futures';
