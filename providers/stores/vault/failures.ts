import type { ErrorCode } from '../../../src/errors.ts';
import type { HttpResult, HttpTrouble } from '../../http.ts';

/** Answers, and missing ones, that are failures whatever was asked. */
export interface Failure {
  code: ErrorCode;
  /** For people; never repeats what was sent or received. */
  why: string;
  hint: string;
  /** Whether trying again soon may help. */
  isPassing: boolean;
  /** False only where it is certain that nothing was done. */
  mayHaveBeenApplied: boolean;
  /** Seconds. */
  retryAfter?: number | undefined;
}

const NETWORK_HINT = 'check the address, the network and whether the server runs; then run again';

/** What Node reports before anything is sent. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const CERTIFICATE = /CERT|_SIGNED|UNABLE_TO_|TLS|SSL/;

/** Null for an answer whose meaning depends on what was asked. */
export function failureOf(result: HttpResult): Failure | null {
  if (result.kind === 'trouble') return troubled(result);
  const { status, body, retryAfter } = result;
  const applied = { mayHaveBeenApplied: false };
  switch (status) {
    case 405:
      return {
        ...applied,
        code: 'unsupported',
        why: 'the server does not know this operation (405)',
        hint: 'check that mount names a secrets engine of kind KV version 2',
        isPassing: false,
      };
    case 412:
      return {
        ...applied,
        code: 'unavailable',
        why: 'this node lags behind (412)',
        hint: 'let address name the service of the active node',
        isPassing: true,
      };
    case 413:
      return {
        ...applied,
        code: 'quota',
        why: 'it is too large for the server (413)',
        hint: 'raise max_request_size of its listener',
        isPassing: false,
      };
    case 429:
      return {
        ...applied,
        code: 'throttled',
        why: 'the server wants fewer requests (429)',
        hint: 'run again later, or raise its rate limit quota',
        isPassing: true,
        retryAfter,
      };
    default:
      return status >= 500 ? serverFailure(status, body) : null;
  }
}

function serverFailure(status: number, body: string): Failure {
  if (body.includes('value being too large'))
    return {
      code: 'quota',
      why: `it is too large for the server’s storage (${status})`,
      hint: 'raise max_entry_size of its storage',
      isPassing: false,
      mayHaveBeenApplied: false,
    };
  if (status === 503 && /is sealed/.test(body))
    return {
      code: 'unavailable',
      why: 'it is sealed (503)',
      hint: 'unseal it (bao operator unseal), then run again',
      isPassing: true,
      mayHaveBeenApplied: false,
    };
  return {
    code: 'unavailable',
    why: `the server failed (${status})`,
    hint: 'look at its log; run again once it is well',
    isPassing: true,
    mayHaveBeenApplied: true,
  };
}

function troubled({ why, status, detail, retryAfter }: HttpTrouble): Failure {
  // A standby that lost the leader in the middle of handing a request on redirects, too: it may have been done, and passes.
  if (status !== null && status >= 300 && status < 400)
    return {
      code: 'unavailable',
      why: `it answered with a redirect (${status}), which is never followed`,
      hint: 'let address name the service of the active node; while a leader is elected, run again',
      isPassing: true,
      mayHaveBeenApplied: true,
    };
  if (why === 'rate-limited' || why === 'banned')
    return {
      code: 'throttled',
      why: 'the server wants a pause first',
      hint: 'run again later, or raise its rate limit quota',
      isPassing: true,
      mayHaveBeenApplied: false,
      retryAfter,
    };
  if (CERTIFICATE.test(detail))
    return {
      code: 'refused',
      why: `its certificate does not hold (${detail})`,
      hint: 'let ca name the file of the authority that signed it, and address the name it is made out to',
      isPassing: false,
      mayHaveBeenApplied: false,
    };
  return {
    code: 'unavailable',
    why: why === 'timeout' ? 'no answer came in time' : `no usable answer came (${detail})`,
    hint: NETWORK_HINT,
    // What used up all the time, or cannot be read, is the same a moment later.
    isPassing: why === 'network',
    mayHaveBeenApplied: !NEVER_SENT.has(detail),
  };
}
