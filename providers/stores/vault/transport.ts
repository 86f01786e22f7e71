import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../../../src/errors.ts';
import type { HttpClient, HttpRequest, HttpResult } from '../../http.ts';
import { type Failure, failureOf } from './failures.ts';

/**
 * What node-vault sends requests with instead of its own client, which follows redirects, has no deadlines, and whose errors
 * hold token and body. What fails is thrown as a KeyturnError that names the operation and nothing that was sent.
 */
export type Transport = (call: Call) => Promise<Answered>;

/** What node-vault hands over; `about` and `effect` pass through it from our own calls. */
export interface Call {
  method: HttpRequest['method'];
  uri: string;
  headers: Record<string, string>;
  json?: unknown;
  /** The operation as an infinitive, for messages: `read the record of desk/spot`. */
  about: string;
  /** Whether something may have been changed when no answer comes. */
  effect: 'none' | 'write';
}

/** What node-vault wants back. */
interface Answered {
  statusCode: number;
  body: unknown;
  request: { path: string };
}

export interface TransportOptions {
  http: HttpClient;
  /** Instant of an answer by the server’s clock, seconds precise. */
  onDate?: (serverTime: Date) => void;
  /** Milliseconds for everything one call does, waiting included. */
  deadlines?: Record<Call['effect'], number>;
}

const DEADLINES = { none: 10_000, write: 30_000 };
const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 100;

export function transportOver({ http, onDate, deadlines = DEADLINES }: TransportOptions): Transport {
  return async (call) => {
    const end = performance.now() + deadlines[call.effect];
    let isAmbiguous = false;
    for (let tries = 1; ; tries += 1) {
      const result = await http.request(requestOf(call, end - performance.now()));
      if (result.kind === 'answer' && onDate && result.headers.date) onDate(new Date(result.headers.date));
      const failure = failureOf(result);
      if (failure === null) return answered(call, result);
      isAmbiguous ||= failure.mayHaveBeenApplied;
      const pause = pauseBefore(tries, failure);
      if (!failure.isPassing || tries === MAX_TRIES || performance.now() + pause >= end)
        throw errorOf(call, failure, isAmbiguous && call.effect === 'write');
      await sleep(pause);
    }
  };
}

function requestOf({ method, uri, headers, json }: Call, timeoutMs: number): HttpRequest {
  const request = { method, url: uri, timeoutMs };
  if (json === undefined) return { ...request, headers };
  return { ...request, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) };
}

/** Full jitter, so that workers which met once do not meet again; never sooner than the server asked for. */
const pauseBefore = (tries: number, { retryAfter = 0 }: Failure): number =>
  retryAfter * 1000 + Math.random() * FIRST_PAUSE_MS * 2 ** tries;

/** Only statuses in `failures.ts` are failures here; what the others mean depends on what was asked. */
function answered({ uri, about }: Call, result: HttpResult): Answered {
  const { status: statusCode, body } = result as Extract<HttpResult, { kind: 'answer' }>;
  // All it is good for is to know `sys/health` by.
  const request = { path: uri };
  if (body === '') return { statusCode, body: undefined, request };
  try {
    return { statusCode, body: JSON.parse(body), request };
  } catch {
    if (statusCode >= 400) return { statusCode, body: undefined, request };
    throw new KeyturnError('unavailable', `Vault did not ${about}: the answer is no JSON (${statusCode})`, {
      hint: 'check the address; something else than Vault seems to answer there',
      ambiguous: true,
    });
  }
}

const errorOf = ({ about }: Call, { code, why, hint, retryAfter }: Failure, ambiguous: boolean): KeyturnError =>
  new KeyturnError(code, `Vault did not ${about}: ${why}`, {
    hint,
    ambiguous,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
