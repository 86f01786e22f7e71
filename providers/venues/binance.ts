import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../src/ports/clock.ts';
import type { Keys, Signer } from '../../src/ports/keys.ts';
import {
  type Conditions,
  type Credential,
  PEOPLE_ONLY,
  type Probe,
  type Venue,
  type VenueCapabilities,
} from '../../src/ports/venue.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { Account, inspectionOf, type Reading, Restrictions, read, SystemStatus, Time } from './binance/answers.ts';
import { capabilitiesWith } from './binance/capabilities.ts';
import { signedQuery } from './binance/sign.ts';

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
  page: httpAddress.optional().describe('The page where people create and delete keys, for task cards'),
});
export type BinanceOptions = z.infer<typeof BinanceOptions>;

/** What a Binance main account can do. Asks nobody. */
export function binanceCapabilities({ baseUrl, page }: BinanceOptions): VenueCapabilities {
  // A Binance on this machine is a rehearsal, and serves its own page.
  const website = isLoopback(baseUrl) ? withoutSlash(baseUrl) : WEBSITE;
  return capabilitiesWith(page ?? `${website}${PAGE}`);
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

export interface BinanceDependencies {
  clock: Clock;
  keys: Pick<Keys, 'throwAway'>;
  /** The way out that the allowlists contain; null: straight from here. */
  insideProxy: string | null;
  /** A way out that they do not contain. */
  outsideProxy: string | null;
  /** For one request; 10 s by default. */
  timeoutMs?: number;
}

/** A Binance main account, asked with signed reads that change nothing. Opening it asks nobody. */
export function openBinance(options: BinanceOptions, dependencies: BinanceDependencies): Venue {
  const { clock, keys, insideProxy, outsideProxy, timeoutMs = 10_000 } = dependencies;
  const baseUrl = withoutSlash(options.baseUrl);
  const clientVia = (proxy: string | null) => createHttpClient({ now: () => clock.now(), proxy, timeoutMs });
  const inside = clientVia(insideProxy);
  const outside = outsideProxy === null ? null : clientVia(outsideProxy);
  let clockOffsetMs: number | null = null;
  let strangersSigner: Promise<Signer> | undefined;

  async function ask<Body>(path: string, schema: z.ZodType<Body>): Promise<Reading<Body>> {
    return read(path, await inside.request({ method: 'GET', url: baseUrl + path }), schema);
  }

  /** The venue’s clock is taken to have been read half-way between request and answer. */
  async function compareClocks(): Promise<Conditions> {
    const before = clock.now().getTime();
    const time = await ask('/api/v3/time', Time);
    const after = clock.now().getTime();
    if (time.body === null) return troubleFrom(time);
    clockOffsetMs = Math.round(time.body.serverTime - (before + after) / 2);
    return { state: 'normal', clockOffsetMs };
  }

  async function conditions(): Promise<Conditions> {
    // The status first: in maintenance it is what still answers, and says why nothing else does.
    const system = await ask('/sapi/v1/system/status', SystemStatus);
    if (system.body === null) return troubleFrom(system);
    if (system.body.status === 1) return { state: 'trouble', why: 'maintenance', detail: system.detail };
    return compareClocks();
  }

  async function probe({ apiKey, signer }: Credential, client: HttpClient): Promise<Probe> {
    // Where that fails, our own clock has to do: these endpoints speak for themselves.
    if (clockOffsetMs === null) await compareClocks();

    async function askSigned<Body>(path: string, parameters: Record<string, string>, schema: z.ZodType<Body>) {
      const timestamp = String(clock.now().getTime() + (clockOffsetMs ?? 0));
      const query = signedQuery({ ...parameters, recvWindow: '5000', timestamp }, signer);
      const url = `${baseUrl}${path}?${query}`;
      return read(path, await client.request({ method: 'GET', url, headers: { 'X-MBX-APIKEY': apiKey } }), schema);
    }

    const restrictions = await askSigned('/sapi/v1/account/apiRestrictions', {}, Restrictions);
    const account = await askSigned('/api/v3/account', { omitZeroBalances: 'true' }, Account);
    const answers = [restrictions.answer, account.answer];
    // One of the clocks was set since they were compared: compare again before the next probe.
    if (answers.some(({ why }) => why === 'clock-skew')) clockOffsetMs = null;
    return { answers, inspection: restrictions.body && inspectionOf(restrictions.body, account.body) };
  }

  return {
    capabilities: binanceCapabilities(options),
    management: PEOPLE_ONLY,
    conditions,
    probe: (credential) => probe(credential, inside),
    async probeStranger() {
      strangersSigner ??= keys.throwAway();
      return probe({ apiKey: randomKeyId(), signer: await strangersSigner }, inside);
    },
    probeOutside: async (credential) => (outside === null ? null : probe(credential, outside)),
  };
}

const troubleFrom = ({ answer, detail }: Reading<unknown>): Conditions => ({
  state: 'trouble',
  why: answer.why ?? 'unexpected-answer',
  detail,
  retryAfter: answer.retryAfter,
});

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const randomKeyId = (): string =>
  Array.from({ length: 64 }, () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]).join('');
