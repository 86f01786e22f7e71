import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Signer } from '../../src/ports/keys.ts';
import {
  type Credential,
  PEOPLE_ONLY,
  type Probe,
  type Venue,
  type VenueCapabilities,
  type VenueDependencies,
} from '../../src/ports/venue.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { Account, inspectionOf, Restrictions } from './binance/answers.ts';
import { capabilitiesWith } from './binance/capabilities.ts';
import { type BinanceClient, binanceClient } from './binance/client.ts';

const WEBSITE = 'https://www.binance.com';
const PAGE = '/en/my/settings/api-management';

const httpAddress = z.url({
  protocol: /^https?$/,
  error: 'write an address such as https://api.binance.com',
  abort: true,
});

const isLoopback = (url: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);

const isEncryptedOrLocal = (url: string): boolean => new URL(url).protocol === 'https:' || isLoopback(url);

function isBare(url: string): boolean {
  const { username, password, search, hash } = new URL(url);
  return username + password + search + hash === '';
}

export const BinanceOptions = z.strictObject({
  baseUrl: httpAddress
    .refine(isEncryptedOrLocal, { error: 'write https://; plain http is for this machine only', abort: true })
    .refine(isBare, { error: 'write the address alone, without user, password, query and fragment' })
    .default('https://api.binance.com')
    .describe('Address of the REST API; plain http is accepted for this machine only'),
  futuresUrl: httpAddress
    .refine(isEncryptedOrLocal, { error: 'write https://; plain http is for this machine only', abort: true })
    .optional()
    .describe('Address of the USDⓈ-M futures API; default: Binance’s own, or baseUrl where that is on this machine'),
  page: httpAddress.optional().describe('The page where people create and delete keys, for task cards'),
});
type BinanceOptions = z.infer<typeof BinanceOptions>;

/** What a Binance main account can do. Asks nobody. */
export function binanceCapabilities({ baseUrl, page }: BinanceOptions): VenueCapabilities {
  // A Binance on this machine is a rehearsal, and serves its own page.
  const website = isLoopback(baseUrl) ? withoutSlash(baseUrl) : WEBSITE;
  return capabilitiesWith(page ?? `${website}${PAGE}`);
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

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

const httpVia = (proxy: string | null, { clock, timeoutMs = 10_000 }: VenueDependencies): HttpClient =>
  createHttpClient({ now: () => clock.now(), proxy, timeoutMs });

/** What is asked with the key in question itself, which is the same for main and sub-accounts. */
export function probesOver(
  client: BinanceClient,
  options: BinanceOptions,
  dependencies: VenueDependencies,
): Omit<Venue, 'capabilities' | 'management'> {
  const { keys, outsideProxy } = dependencies;
  const outside = outsideProxy === null ? null : httpVia(outsideProxy, dependencies);
  let strangersSigner: Promise<Signer> | undefined;

  async function probe(credential: Credential, http?: HttpClient): Promise<Probe> {
    const restrictions = await client.signed(RESTRICTIONS, credential, http);
    const account = await client.signed(ACCOUNT, credential, http);
    return {
      answers: [restrictions.answer, account.answer],
      inspection: restrictions.body && inspectionOf(restrictions.body, account.body),
    };
  }

  return {
    conditions: () => client.conditions(),
    probe: (credential) => probe(credential),
    async probeStranger() {
      strangersSigner ??= keys.throwAway();
      return probe({ apiKey: randomKeyId(), signer: await strangersSigner });
    },
    probeOutside: async (credential) => (outside === null ? null : probe(credential, outside)),
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

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const randomKeyId = (): string =>
  Array.from({ length: 64 }, () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]).join('');
