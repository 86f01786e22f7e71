import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Conditions, Credential, VenueDependencies } from '../../../src/ports/venue.ts';
import type { HttpClient } from '../../http.ts';
import { httpVia } from '../egress.ts';
import { withoutSlash } from '../host.ts';
import { type Dialect, type Meaning, meaningOfStatus, nothing, type Reading, read, troubleFrom } from '../reading.ts';
import { venueClock } from '../venue-clock.ts';

/**
 * JSON-RPC over HTTP (docs.deribit.com). Keys with a public half sign in with `public/auth` and `client_signature` only; the
 * token they get does the rest. Whether a token outlives its key is not documented, so none is ever used twice. [D-ASYM]
 */
export interface DeribitClient {
  conditions(): Promise<Conditions>;
  signIn(credential: Credential, http?: HttpClient): Promise<Reading<string>>;
  /** Calls a private method with the token of a fresh sign-in. */
  call<Body>(call: Call<Body>, token: string, http?: HttpClient): Promise<Reading<Body>>;
}

export interface Call<Body> {
  method: string;
  parameters: Record<string, unknown>;
  /** Of the answer’s `result`. */
  schema: z.ZodMiniType<Body>;
}

const invalid: Meaning = { kind: 'refused' };

/**
 * `error_codes.md` of [C-DERIBIT]; newer pages number some of them differently [D-ERR], but keep the words. An unknown key, a
 * disabled one, a wrong signature and, as far as is known, a foreign address all get `invalid_credentials`: it never
 * means that a key is gone.
 */
const BY_CODE: Record<number, Meaning> = {
  13004: invalid,
  13009: invalid,
  13021: invalid,
  13003: invalid,
  13002: nothing('blocked'),
  10000: invalid,
  10028: nothing('rate-limited'),
  10040: nothing('server-error'),
  13025: nothing('maintenance'),
  13028: nothing('maintenance'),
};
const BY_MESSAGE: Record<string, Meaning> = {
  invalid_credentials: invalid,
  unauthorized: invalid,
  forbidden: invalid,
  too_many_requests: nothing('rate-limited'),
  temporarily_unavailable: nothing('maintenance'),
};

/** The code goes first: a refusal for its scope comes with HTTP 403, as one of a firewall would. */
const DERIBIT: Dialect = {
  refusal: z.pipe(
    z.object({ error: z.object({ code: z.int(), message: z.string() }) }),
    z.transform(({ error }) => error),
  ),
  meaningOf: ({ status, refusal }) =>
    (refusal && (BY_CODE[refusal.code] ?? BY_MESSAGE[refusal.message])) ??
    meaningOfStatus(status) ??
    nothing('unexpected-answer'),
};

/** What comes instead of a result where the account has a second factor, and this method wants it [D-SEC]. */
const SecondFactor = z.object({ security_key_authorization_required: z.literal(true) });

const Token = z.pipe(
  z.object({ access_token: z.string().check(z.minLength(1)) }),
  z.transform(({ access_token }) => access_token),
);

/** [C-DERIBIT] `public/status`: `true` where the platform is locked for all currencies, `partial` for some. */
const PlatformStatus = z.object({ locked: z.pipe(z.union([z.string(), z.boolean()]), z.transform(String)) });

export function deribitClient(baseUrl: string, dependencies: VenueDependencies): DeribitClient {
  const { clock, insideProxy } = dependencies;
  const usual = httpVia(insideProxy, dependencies);

  async function ask<Body>(
    { method, parameters, schema }: Call<Body>,
    { token, http = usual }: { token?: string; http?: HttpClient | undefined } = {},
  ): Promise<Reading<Body>> {
    const result = await http.request({
      method: 'POST',
      url: `${withoutSlash(baseUrl)}/api/v2/${method}`,
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: parameters }),
    });
    const given = z.union([
      z.pipe(
        SecondFactor,
        z.transform(() => null),
      ),
      z.pipe(
        schema,
        z.transform((body) => ({ body })),
      ),
    ]);
    const { body, ...reading } = read(method, result, z.object({ result: given }), DERIBIT);
    if (body?.result === null)
      return { ...reading, answer: { ...reading.answer, ...nothing('second-factor') }, body: null };
    return { ...reading, body: body && (body.result?.body as Body) };
  }

  const theirClock = venueClock(clock, () =>
    ask({ method: 'public/get_time', parameters: {}, schema: z.int().check(z.positive()) }),
  );

  return {
    async conditions() {
      // The status first: in maintenance it is what still answers, and says why nothing else does.
      const status = await ask({ method: 'public/status', parameters: {}, schema: PlatformStatus });
      if (status.body === null) return troubleFrom(status);
      const isLocked = status.body.locked === 'true';
      return isLocked ? { state: 'trouble', why: 'maintenance', detail: status.detail } : theirClock.compare();
    },

    async signIn({ apiKey, signer }, http) {
      const timestamp = (await theirClock.now()).getTime();
      const nonce = randomUUID();
      const reading = await ask(
        {
          method: 'public/auth',
          parameters: {
            grant_type: 'client_signature',
            client_id: apiKey,
            timestamp,
            nonce,
            data: '',
            signature: signatureOver({ timestamp, nonce }, signer),
          },
          schema: Token,
        },
        { http },
      );
      if (reading.body === null) theirClock.distrust();
      return reading;
    },

    call: (call, token, http) => ask(call, { token, http }),
  };
}

/**
 * Timestamp, nonce and data (here empty), one a line, in URL-safe base64 without padding, as the published Ed25519 example
 * sends it [F-DSIG]. RSA: PKCS#1 v1.5 with SHA-256 in the same form. UNVERIFIED
 */
const signatureOver = (
  { timestamp, nonce }: { timestamp: number; nonce: string },
  signer: Credential['signer'],
): string => signer.sign(Buffer.from(`${timestamp}\n${nonce}\n`)).toString('base64url');
