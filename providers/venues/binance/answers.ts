import { z } from 'zod';
import type { Answer, Inspection, NoInformation } from '../../../src/ports/venue.ts';
import type { HttpResult } from '../../http.ts';
import { SWITCHES } from './capabilities.ts';

/** What Binance’s answers say about a key, and which of them say nothing. */

/** One endpoint’s answer, with its body where it was accepted. */
export interface Reading<Body> {
  answer: Answer;
  body: Body | null;
  /** The answer for people, without anything the venue wrote. */
  detail: string;
}

/** `accepted` takes a body that this endpoint would answer: the login page of a proxy in between is a 200, too. */
export function read<Body>(endpoint: string, result: HttpResult, schema: z.ZodType<Body>): Reading<Body> {
  const { status, retryAfter } = result;
  if (result.kind === 'trouble') {
    const answer = { endpoint, ...nothing(result.why), status, code: null, shape: '', retryAfter };
    return { answer, body: null, detail: `${endpoint}: ${result.detail}` };
  }
  const json = parseJson(result.body);
  const accepted = result.status === 200 ? schema.safeParse(json) : null;
  if (accepted?.success) {
    const answer: Answer = { endpoint, kind: 'accepted', status, code: null, shape: '' };
    return { answer, body: accepted.data, detail: `${endpoint}: accepted` };
  }
  const { code, msg } = Refusal.safeParse(json).data ?? { code: null, msg: '' };
  return {
    answer: { endpoint, ...meaningOf(endpoint, result.status, code), status, code, shape: shapeOf(msg), retryAfter },
    body: null,
    detail: `${endpoint}: HTTP ${status}${code === null ? '' : `, code ${code}`}`,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const Refusal = z.object({ code: z.int(), msg: z.string() });

type Meaning = Pick<Answer, 'kind' | 'why'>;

const nothing = (why: NoInformation): Meaning => ({ kind: 'no-information', why });

const BY_STATUS: Record<number, Meaning> = {
  403: nothing('blocked'),
  418: nothing('banned'),
  429: nothing('rate-limited'),
};

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

/** The status goes first: a gateway that turns requests away has not looked at the key, whatever its body says. */
function meaningOf(endpoint: string, status: number, code: number | null): Meaning {
  if (status >= 500) return nothing('server-error');
  const byStatus = BY_STATUS[status];
  if (byStatus) return byStatus;
  if (status < 400 || code === null) return nothing('unexpected-answer');
  // Undocumented, and seen for keys that do not exist on /sapi only. Elsewhere we do not know what it means.
  if (code === -2008 && endpoint.startsWith('/sapi/')) return { kind: 'unknown-key' };
  return BY_CODE[code] ?? nothing('unexpected-answer');
}

const MAX_SHAPE_LENGTH = 200;

/** A message without what differs from request to request and without what should not be kept. */
const shapeOf = (message: string): string =>
  message
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[A-Za-z0-9]{32,}/g, '<key>')
    .replace(/\d+(\.\d+){3}|[\da-f]*:[\da-f:.]*:[\da-f.]*/gi, '<address>')
    .replace(/\d+/g, '#')
    .slice(0, MAX_SHAPE_LENGTH);

export const Time = z.object({ serverTime: z.int().positive() });

/** 0 normal, 1 maintenance. */
export const SystemStatus = z.object({ status: z.literal([0, 1]) });

export const Account = z.object({ uid: z.int().nonnegative() });

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
    createTime: z.int().nonnegative().max(LAST_INSTANT).optional(),
    // In older documents: until when it may trade.
    tradingAuthorityExpirationTime: z.int().nonnegative().max(LAST_INSTANT).nullish(),
  })
  .refine((body) =>
    SWITCHES.every(
      ({ field }) => typeof body[field] === 'boolean' || (ADDED_LATER.includes(field) && !(field in body)),
    ),
  );

export function inspectionOf(
  { ipRestrict, createTime, tradingAuthorityExpirationTime, ...fields }: z.infer<typeof Restrictions>,
  account: z.infer<typeof Account> | null,
): Inspection {
  return {
    switches: Object.entries(fields).flatMap(([field, on]) => (typeof on === 'boolean' ? [{ field, on }] : [])),
    allowlistOn: ipRestrict,
    createdAt: createTime === undefined ? null : new Date(createTime).toISOString(),
    expiresAt: tradingAuthorityExpirationTime == null ? null : new Date(tradingAuthorityExpirationTime).toISOString(),
    accountUid: account === null ? null : String(account.uid),
  };
}
