import type * as z from 'zod/mini';
import type { Answer, NoInformation } from '../../src/ports/venue.ts';
import type { HttpResult } from '../http.ts';

/** What one answer of a venue says about a key; every venue has its own words for it. */

/** One endpoint’s answer, with its body where it was accepted. */
export interface Reading<Body> {
  answer: Answer;
  body: Body | null;
  /** The answer for people, without anything the venue wrote. */
  detail: string;
}

export type Meaning = Pick<Answer, 'kind' | 'why'>;

export interface Refusal {
  code: number;
  message: string;
}

/** How a venue refuses, and what it means by that. */
export interface Dialect {
  refusal: z.ZodMiniType<Refusal>;
  /** `refusal`: null where the body is not one of this venue’s. */
  meaningOf(answer: { endpoint: string; status: number; refusal: Refusal | null }): Meaning;
}

export const nothing = (why: NoInformation): Meaning => ({ kind: 'no-information', why });

const BY_STATUS: Record<number, Meaning> = {
  403: nothing('blocked'),
  418: nothing('banned'),
  429: nothing('rate-limited'),
};

/** A gateway that turns requests away has not looked at the key, whatever its body says. Null for all other statuses. */
export const meaningOfStatus = (status: number): Meaning | null =>
  status >= 500 ? nothing('server-error') : (BY_STATUS[status] ?? null);

/** `accepted` takes a body that this endpoint would answer: the login page of a proxy in between is a 200, too. */
export function read<Body>(
  endpoint: string,
  result: HttpResult,
  schema: z.ZodMiniType<Body>,
  dialect: Dialect,
): Reading<Body> {
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
  const refusal = dialect.refusal.safeParse(json).data ?? null;
  const meaning = dialect.meaningOf({ endpoint, status: result.status, refusal });
  const code = refusal?.code ?? null;
  return {
    answer: { endpoint, ...meaning, status, code, shape: shapeOf(refusal?.message ?? ''), retryAfter },
    body: null,
    detail: `${endpoint}: HTTP ${status}${code === null ? '' : `, code ${code}`}`,
  };
}

/** Why a reading without a body says nothing. */
export const troubleFrom = ({ answer, detail }: Reading<unknown>) =>
  ({
    state: 'trouble',
    why: answer.why ?? 'unexpected-answer',
    detail,
    retryAfter: answer.retryAfter,
  }) as const;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
