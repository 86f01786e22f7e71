import * as z from 'zod/mini';
import type { Conditions, Credential, VenueDependencies } from '../../../src/ports/venue.ts';
import { readSecretReference, type SecretReference } from '../../../src/secret-reference.ts';
import type { HttpClient } from '../../http.ts';
import { httpVia } from '../egress.ts';
import { withoutSlash } from '../host.ts';
import { paced } from '../paced.ts';
import { type Dialect, type Meaning, meaningOfStatus, nothing, type Reading, read } from '../reading.ts';
import { venueClock } from '../venue-clock.ts';

/** Requests to Bitget’s second API, stamped by its own clock [C-BITGET]. */
export interface BitgetClient {
  conditions(): Promise<Conditions>;
  /** `http`: another way out than the usual one. */
  get<Body>(request: Request<Body>, credential: Credential, http?: HttpClient): Promise<Reading<Body>>;
}

interface Request<Body> {
  path: string;
  /** Of the answer’s `data`. */
  schema: z.ZodMiniType<Body>;
}

const refused: Meaning = { kind: 'refused' };

/** Error codes of [C-BITGET]. `40037` alone says that there is no such key; `40012` may be the passphrase. */
const BY_CODE: Record<number, Meaning> = {
  40037: { kind: 'unknown-key' },
  40009: { kind: 'bad-signature' },
  40012: refused,
  40014: refused,
  40018: refused,
  40036: refused,
  40038: refused,
  40006: nothing('malformed-key-id'),
  40005: nothing('clock-skew'),
  40008: nothing('clock-skew'),
  40010: nothing('timeout'),
  40015: nothing('server-error'),
  429: nothing('rate-limited'),
};

const BITGET: Dialect = {
  refusal: z.pipe(
    z.object({ code: z.coerce.number().check(z.int()), msg: z.string() }),
    z.transform(({ code, msg }) => ({ code, message: msg })),
  ),
  meaningOf: ({ status, refusal }) =>
    meaningOfStatus(status) ?? BY_CODE[refusal?.code ?? 0] ?? nothing('unexpected-answer'),
};

const OK = z.literal('00000');

const Time = z.pipe(
  z.object({ code: OK, data: z.object({ serverTime: z.coerce.number().check(z.int(), z.positive()) }) }),
  z.transform(({ data }) => data.serverTime),
);

/** The account may be asked once a second; a little more, because the way there takes its time. */
const APART_MS = 1_100;

export function bitgetClient(
  { baseUrl, accessPassphrase }: { baseUrl: string; accessPassphrase: SecretReference },
  dependencies: VenueDependencies,
): BitgetClient {
  const { clock, insideProxy, folder } = dependencies;
  const usual = httpVia(insideProxy, dependencies);
  const base = withoutSlash(baseUrl);
  const turn = paced(APART_MS);

  const time = '/api/v2/public/time';
  const theirClock = venueClock(clock, async () =>
    read(time, await usual.request({ method: 'GET', url: base + time }), Time, BITGET),
  );

  return {
    conditions: () => theirClock.compare(),

    async get<Body>({ path, schema }: Request<Body>, { apiKey, signer }: Credential, http: HttpClient = usual) {
      const passphrase = await readSecretReference(accessPassphrase, folder);
      await turn();
      const timestamp = String((await theirClock.now()).getTime());
      const result = await http.request({
        method: 'GET',
        url: base + path,
        headers: {
          'ACCESS-KEY': apiKey,
          'ACCESS-SIGN': signer.sign(Buffer.from(`${timestamp}GET${path}`)).toString('base64'),
          'ACCESS-TIMESTAMP': timestamp,
          'ACCESS-PASSPHRASE': passphrase.revealText().trim(),
          'content-type': 'application/json',
          locale: 'en-US',
        },
      });
      const accepted = z.pipe(
        z.object({ code: OK, data: schema }),
        z.transform((answer) => answer.data as Body),
      );
      const reading = read(path, result, accepted, BITGET);
      if (reading.answer.why === 'clock-skew') theirClock.distrust();
      return reading;
    },
  };
}
