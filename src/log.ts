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
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
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

const SECRETS =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)|AGE-SECRET-KEY-1[0-9A-Z]+|\bhv[sbr]\.[\w-]{20,}/gs;

/** Names, codes and messages only: whatever else hangs on an error may hold what a vendor’s library put there. */
function serializeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: typeof error };
  return {
    type: error.name,
    message: error.message,
    ...(isKeyturnError(error) ? { code: error.code, hint: error.hint } : {}),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}

/** `08:05:12 info  binance-main/spot generation 8 is stored`. */
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
  return `${[paint.dim(time.slice(11, 19)), tint(level.padEnd(5)), ...(key ? [key] : []), ...(msg ? [msg] : []), paint.dim(details.join(' '))].join(' ').trimEnd()}\n`;
}
