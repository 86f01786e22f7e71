import type * as z from 'zod/mini';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Conditions, Credential } from '../../../src/ports/venue.ts';
import type { HttpClient } from '../../http.ts';
import { type Reading, read, troubleFrom } from '../reading.ts';
import { venueClock } from '../venue-clock.ts';
import { BINANCE, SystemStatus, Time } from './answers.ts';
import { signedQuery } from './sign.ts';

/** Signed and unsigned requests to Binance, stamped by its own clock. */

export interface SignedRequest<Body> {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** Another host than the usual one. */
  host?: string;
  parameters: Record<string, string>;
  schema: z.ZodMiniType<Body>;
}

export interface BinanceClient {
  conditions(): Promise<Conditions>;
  /** Parameters of a POST go into its form body, all others into the query. `http`: another way out than the usual one. */
  signed<Body>(request: SignedRequest<Body>, credential: Credential, http?: HttpClient): Promise<Reading<Body>>;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export function binanceClient({
  baseUrl,
  clock,
  http: usual,
}: {
  baseUrl: string;
  clock: Clock;
  http: HttpClient;
}): BinanceClient {
  const ask = async <Body>(path: string, schema: z.ZodMiniType<Body>): Promise<Reading<Body>> =>
    read(path, await usual.request({ method: 'GET', url: baseUrl + path }), schema, BINANCE);

  const theirClock = venueClock(clock, () => ask('/api/v3/time', Time));

  return {
    async conditions() {
      // The status first: in maintenance it is what still answers, and says why nothing else does.
      const system = await ask('/sapi/v1/system/status', SystemStatus);
      if (system.body === null) return troubleFrom(system);
      if (system.body.status === 1) return { state: 'trouble', why: 'maintenance', detail: system.detail };
      return theirClock.compare();
    },

    async signed({ method, path, host = baseUrl, parameters, schema }, { apiKey, signer }, http = usual) {
      const timestamp = String((await theirClock.now()).getTime());
      const query = signedQuery({ ...parameters, recvWindow: '5000', timestamp }, signer);
      const headers = { 'X-MBX-APIKEY': apiKey };
      const result = await http.request(
        method === 'POST'
          ? { method, url: host + path, headers: { ...headers, ...FORM }, body: query }
          : { method, url: `${host}${path}?${query}`, headers },
      );
      const reading = read(path, result, schema, BINANCE);
      if (reading.answer.why === 'clock-skew') theirClock.distrust();
      return reading;
    },
  };
}
