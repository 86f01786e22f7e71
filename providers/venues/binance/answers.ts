import * as z from 'zod/mini';
import type { Inspection } from '../../../src/ports/venue.ts';
import { type Dialect, type Meaning, meaningOfStatus, nothing } from '../reading.ts';
import { SWITCHES } from './capabilities.ts';

/** What Binance’s answers say about a key, and which of them say nothing. */

/** errors.md of binance-spot-api-docs. `-1002` and `-1099` are missing on purpose: they can mean too many things. */
const BY_CODE: Record<number, Meaning> = {
  [-2015]: { kind: 'refused' },
  [-1022]: { kind: 'bad-signature' },
  [-2014]: nothing('malformed-key-id'),
  [-1021]: nothing('clock-skew'),
  [-1003]: nothing('rate-limited'),
  [-1000]: nothing('server-error'),
  [-1001]: nothing('server-error'),
  [-1004]: nothing('server-error'),
  [-1006]: nothing('server-error'),
  [-1007]: nothing('server-error'),
  [-1008]: nothing('server-error'),
  [-1016]: nothing('server-error'),
};

export const BINANCE: Dialect = {
  refusal: z.pipe(
    z.object({ code: z.int(), msg: z.string() }),
    z.transform(({ code, msg }) => ({ code, message: msg })),
  ),
  meaningOf({ endpoint, status, refusal }) {
    const byStatus = meaningOfStatus(status);
    if (byStatus) return byStatus;
    if (status < 400 || refusal === null) return nothing('unexpected-answer');
    // Undocumented, and seen for keys that do not exist on /sapi only. Elsewhere we do not know what it means.
    if (refusal.code === -2008 && endpoint.startsWith('/sapi/')) return { kind: 'unknown-key' };
    return BY_CODE[refusal.code] ?? nothing('unexpected-answer');
  },
};

export const Time = z.pipe(
  z.object({ serverTime: z.int().check(z.positive()) }),
  z.transform(({ serverTime }) => serverTime),
);

/** 0 normal, 1 maintenance. */
export const SystemStatus = z.object({ status: z.literal([0, 1]) });

export const Account = z.object({ uid: z.int().check(z.nonnegative()) });

const LAST_INSTANT = 8.64e15;

/** Switches that Binance’s documentation did not always have. */
const ADDED_LATER: readonly string[] = ['enablePortfolioMarginTrading', 'enableFixApiTrade', 'enableFixReadOnly'];

/**
 * What a key says about itself. Binance’s connectors call every field optional, but a switch that is missing, or in
 * another form than true or false, must not pass for one that is off.
 */
export const Restrictions = z
  .looseObject({
    ipRestrict: z.boolean(),
    enableReading: z.boolean(),
    createTime: z.optional(z.int().check(z.nonnegative(), z.maximum(LAST_INSTANT))),
    // In older documents: until when it may trade.
    tradingAuthorityExpirationTime: z.nullish(z.int().check(z.nonnegative(), z.maximum(LAST_INSTANT))),
  })
  .check(
    z.refine((body) =>
      SWITCHES.every(
        ({ field }) => typeof body[field] === 'boolean' || (ADDED_LATER.includes(field) && !(field in body)),
      ),
    ),
  );

/** In whatever form a switch comes that keyturn does not know. */
const OFF: readonly unknown[] = [false, 'false', 0, '0', null];

export function inspectionOf(
  { ipRestrict, createTime, tradingAuthorityExpirationTime, ...fields }: z.infer<typeof Restrictions>,
  account: z.infer<typeof Account> | null,
): Inspection {
  return {
    switches: Object.entries(fields).flatMap(([field, on]) =>
      typeof on === 'boolean' || /^(enable|permits)[A-Z]/.test(field) ? [{ field, on: !OFF.includes(on) }] : [],
    ),
    allowlistOn: ipRestrict,
    allowlist: null,
    fingerprint: null,
    createdAt: createTime === undefined ? null : new Date(createTime).toISOString(),
    expiresAt: tradingAuthorityExpirationTime == null ? null : new Date(tradingAuthorityExpirationTime).toISOString(),
    accountUid: account === null ? null : String(account.uid),
    siblings: null,
  };
}
