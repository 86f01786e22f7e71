/**
 * What can go wrong, told apart by what the reader of it has to do next.
 *
 * `usage` wrong command line (exit 64) · `invalid` policy, configuration or plan file (65) · all others end with 1:
 * `conflict` somebody else wrote first, read again · `not-found` · `gone` deliberately destroyed, never recreated ·
 * `unavailable` did not answer, the outcome may be unknown · `throttled` was not applied, wait · `denied` rights are lacking ·
 * `quota` · `unsupported` this store or file system cannot do it · `corrupt` a human decides · `refused` keyturn will not do that.
 */
export type ErrorCode =
  | 'usage'
  | 'invalid'
  | 'conflict'
  | 'not-found'
  | 'gone'
  | 'unavailable'
  | 'throttled'
  | 'denied'
  | 'quota'
  | 'unsupported'
  | 'corrupt'
  | 'refused';

export interface ErrorDetails {
  /** What to do about it, as an imperative sentence without a full stop. */
  hint?: string;
  /** True when the operation may have been applied although no answer came. */
  ambiguous?: boolean;
  /** True when it was applied as far as it could be, and is not to be tried again. */
  partial?: boolean;
  /** Seconds after which a throttled operation may be tried again. */
  retryAfter?: number;
  cause?: unknown;
}

/** Every expected failure. Messages say what happened to what; they never contain secrets, request or response bodies. */
export class KeyturnError extends Error {
  override readonly name = 'KeyturnError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly ambiguous: boolean;
  readonly partial: boolean;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.ambiguous = details.ambiguous ?? false;
    this.partial = details.partial ?? false;
    this.retryAfter = details.retryAfter;
  }
}

export const isKeyturnError = (error: unknown, ...codes: ErrorCode[]): error is KeyturnError =>
  error instanceof KeyturnError && (codes.length === 0 || codes.includes(error.code));

/** What happened and what to do about it, in one line. */
export const explain = ({ message, hint }: KeyturnError): string =>
  hint === undefined ? message : `${message}; ${hint}`;
