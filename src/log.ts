import type { Writable } from 'node:stream';
import { type Level, type Logger, pino } from 'pino';
import { isKeyturnError } from './errors.ts';
import type { LogLevel } from './log-levels.ts';
import type { Paint } from './terminal.ts';

export type { Logger };

export interface LogOptions {
  level: LogLevel;
  /** Where lines go: standard error. */
  stream: Pick<Writable, 'write'>;
  /** How to colour readable lines on a terminal; null in a pipe, where a line is one JSON object. */
  paint: Paint | null;
}

export function createLogger({ level, stream, paint }: LogOptions): Logger {
  const write = (line: string) => stream.write(paint ? readable(line, paint) : line);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withoutErrors },
      // Has been done above, under whatever name an error was logged.
      serializers: { err: (error: unknown) => error },
      hooks: { streamWrite: redact },
    },
    { write },
  );
}

/**
 * The last line of defence, not the first: secrets travel in a wrapper that cannot print itself, and errors are
 * serialised by an allow-list. What looks like a private key, an age identity or a Vault token is blotted out all the same.
 */
const redact = (line: string): string => line.replace(SECRETS, '[redacted]');

/** Looks for them in a line of JSON: a private key that was cut off goes as far as the string it stands in. */
const SECRETS = new RegExp(
  [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^"\\]|\\.)*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?="))/,
    /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/,
    // Vault’s tokens, then those of OpenBao and of old Vaults.
    /\bhv[sbr]\.[\w-]{20,}/,
    /\b[sbr]\.[0-9A-Za-z]{24,}/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
);

const withoutErrors = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      name === 'err' || value instanceof Error ? serializeError(value) : value,
    ]),
  );

/** No chain of causes is that long, except one that leads back into itself. */
const MAX_CAUSES = 5;

/** Names, codes and messages only: whatever else hangs on an error may hold what a vendor’s library put there. */
function serializeError(error: unknown, causes = MAX_CAUSES): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: typeof error };
  return {
    type: error.name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    message: error.message,
    ...(isKeyturnError(error) ? { hint: error.hint } : {}),
    ...(error.cause === undefined || causes === 0 ? {} : { cause: serializeError(error.cause, causes - 1) }),
  };
}

/** `08:05:12 info  binance-main/spot generation 8 is stored`. A terminal would obey control characters; they become blanks. */
function readable(line: string, paint: Paint): string {
  const { level, time, msg, key, ...rest } = JSON.parse(line) as {
    level: Level;
    time: string;
    msg?: string;
    key?: string;
  };
  const tint = {
    trace: paint.dim,
    debug: paint.dim,
    info: paint.cyan,
    warn: paint.yellow,
    error: paint.red,
    fatal: paint.red,
  }[level];
  const details = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const [what, more] = [[key, msg].filter(Boolean), details].map((words) => words.join(' ').replace(/\p{Cc}+/gu, ' '));
  return `${paint.dim(time.slice(11, 19))} ${tint(level.padEnd(5))} ${[what, more && paint.dim(more)].filter(Boolean).join(' ')}\n`;
}
