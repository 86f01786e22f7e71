import * as z from 'zod/mini';
import type { Conditions, Credential, VenueDependencies } from '../../../src/ports/venue.ts';
import type { HttpClient } from '../../http.ts';
import { httpVia } from '../egress.ts';
import { withoutSlash } from '../host.ts';
import { type Dialect, type Meaning, meaningOfStatus, nothing, type Reading, read, troubleFrom } from '../reading.ts';
import { venueClock } from '../venue-clock.ts';

/** Signed and unsigned requests to Bybit’s V5 API, stamped by its own clock [Y-GUIDE]. */
export interface BybitClient {
  conditions(): Promise<Conditions>;
  /** Requests without parameters. `http`: another way out than the usual one. */
  signed<Body>(request: SignedRequest<Body>, credential: Credential, http?: HttpClient): Promise<Reading<Body>>;
}

export interface SignedRequest<Body> {
  method: 'GET' | 'POST';
  path: string;
  /** Of the answer’s `result`. */
  schema: z.ZodMiniType<Body>;
}

const refused: Meaning = { kind: 'refused' };

/**
 * [Y-ERR]. `10003` is also what a key of another environment gets; that the current key works on the same host rules that out.
 * An expired key (`33004`, `-2015`) is known to Bybit: it was not deleted.
 */
const BY_CODE: Record<number, Meaning> = {
  10003: { kind: 'unknown-key' },
  10004: { kind: 'bad-signature' },
  10005: refused,
  10007: refused,
  10010: refused,
  33004: refused,
  [-2015]: refused,
  10002: nothing('clock-skew'),
  10006: nothing('rate-limited'),
  10000: nothing('timeout'),
  10016: nothing('server-error'),
  10008: nothing('blocked'),
  10009: nothing('banned'),
  10024: nothing('blocked'),
  10027: nothing('blocked'),
};

/** Refusals come with HTTP 200; statuses beside a code are not documented. */
const BYBIT: Dialect = {
  refusal: z.pipe(
    z.object({ retCode: z.int(), retMsg: z.string() }),
    z.transform(({ retCode, retMsg }) => ({ code: retCode, message: retMsg })),
  ),
  meaningOf: ({ status, refusal }) =>
    meaningOfStatus(status) ?? BY_CODE[refusal?.code ?? 0] ?? nothing('unexpected-answer'),
};

const Time = z.pipe(
  z.object({ retCode: z.literal(0), time: z.int().check(z.positive()) }),
  z.transform(({ time }) => time),
);

/** `GET /v5/system/status` lists maintenance. */
const SystemStatus = z.object({
  retCode: z.literal(0),
  result: z.object({ list: z.array(z.object({ state: z.string() })) }),
});

const RECV_WINDOW = '5000';

export function bybitClient(baseUrl: string, dependencies: VenueDependencies): BybitClient {
  const { clock, insideProxy } = dependencies;
  const usual = httpVia(insideProxy, dependencies);
  const base = withoutSlash(baseUrl);

  const ask = async <Body>(path: string, schema: z.ZodMiniType<Body>): Promise<Reading<Body>> =>
    read(path, await usual.request({ method: 'GET', url: base + path }), schema, BYBIT);

  const theirClock = venueClock(clock, () => ask('/v5/market/time', Time));

  return {
    async conditions() {
      // The status first: in maintenance it is what still answers, and says why nothing else does.
      const status = await ask('/v5/system/status', SystemStatus);
      if (status.body === null) return troubleFrom(status);
      const isUnderWay = status.body.result.list.some(({ state }) => state === 'ongoing');
      return isUnderWay ? { state: 'trouble', why: 'maintenance', detail: status.detail } : theirClock.compare();
    },

    async signed<Body>(
      { method, path, schema }: SignedRequest<Body>,
      { apiKey, signer }: Credential,
      http: HttpClient = usual,
    ) {
      const timestamp = String((await theirClock.now()).getTime());
      const body = method === 'POST' ? '{}' : '';
      const signature = signer.sign(Buffer.from(timestamp + apiKey + RECV_WINDOW + body)).toString('base64');
      const headers = {
        'X-BAPI-API-KEY': apiKey,
        'X-BAPI-TIMESTAMP': timestamp,
        'X-BAPI-RECV-WINDOW': RECV_WINDOW,
        'X-BAPI-SIGN': signature,
      };
      const url = base + path;
      const result = await http.request(
        method === 'POST'
          ? { method, url, headers: { ...headers, 'content-type': 'application/json' }, body }
          : { method, url, headers },
      );
      const accepted = z.pipe(
        z.object({ retCode: z.literal(0), result: schema }),
        z.transform((answer) => answer.result as Body),
      );
      const reading = read(path, result, accepted, BYBIT);
      if (reading.answer.why === 'clock-skew') theirClock.distrust();
      return reading;
    },
  };
}
