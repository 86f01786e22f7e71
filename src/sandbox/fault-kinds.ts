import type { Unusual } from './authenticate.ts';
import type { House } from './house.ts';
import { type Answer, type Call, json, redirect } from './http.ts';
import type { Registry } from './registry.ts';

/** Everything that can go wrong on purpose. A kind wraps the answering of a call: before it, instead of it, or after. */

/** Answers the call as the exchange would, in these circumstances. */
export type Proceed = (unusual: Unusual) => Answer;

interface Disturbance {
  call: Call;
  house: House;
  /** `met`: how many calls it met, this one included. */
  fault: { seconds: number; met: number };
  registry: Registry;
  proceed: Proceed;
}

export interface Kind {
  /** For the page. */
  words: string;
  /** What `seconds` means, and its default, where the kind counts any. */
  counts?: string;
  seconds?: number;
  disturb: (disturbance: Disturbance) => Answer;
}

const page = (status: number, text: string): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html><head><title>${text}</title></head><body><h1>${text}</h1></body></html>`,
});

const asking = (answer: Answer, seconds: number): Answer => ({
  ...answer,
  headers: { ...answer.headers, 'retry-after': String(seconds) },
});

/** A body that was meant to be JSON, changed; any other stays as it is. */
function edited(answer: Answer, edit: (fields: Record<string, unknown>) => object): Answer {
  if (answer.status !== 200) return answer;
  return { ...answer, body: JSON.stringify(edit(JSON.parse(answer.body) as Record<string, unknown>)) };
}

const without = (fields: Record<string, unknown>, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

const ms = (seconds: number): number => seconds * 1000;

const KINDS = {
  blocked: { words: 'HTTP 403 from the firewall', disturb: () => page(403, 'Request blocked') },
  banned: {
    words: 'The address is banned',
    counts: 'Retry-After',
    seconds: 120,
    disturb: ({ call, house, fault }) => asking(house.words.banned(call), fault.seconds),
  },
  'rate-limited': {
    words: 'Too many requests',
    counts: 'Retry-After',
    seconds: 30,
    disturb: ({ house, fault }) => asking(house.words.rateLimited(), fault.seconds),
  },
  'server-error': { words: 'HTTP 503', disturb: ({ house }) => house.words.overloaded() },
  maintenance: {
    words: 'Maintenance: the status says so, everything else fails',
    disturb: ({ call, house: { words } }) => words.maintenance(call) ?? words.overloaded(),
  },
  hang: { words: 'No answer', disturb: ({ house }) => ({ ...house.words.overloaded(), ending: 'hang' }) },
  'reset-before': {
    words: 'Connection reset before anything was done',
    disturb: ({ house }) => ({ ...house.words.overloaded(), ending: 'reset' }),
  },
  'reset-after': {
    words: 'Connection reset after it was done',
    disturb: ({ proceed }) => ({ ...proceed({}), ending: 'reset' }),
  },
  truncated: {
    words: 'Connection closed in the middle of the body',
    disturb: ({ proceed }) => ({ ...proceed({}), ending: 'cut' }),
  },
  'half-json': {
    words: 'Half of the body, passed off as the whole',
    disturb({ proceed }) {
      const answer = proceed({});
      return { ...answer, body: answer.body.slice(0, answer.body.length / 2) };
    },
  },
  redirect: {
    words: 'A redirect',
    disturb: ({ call }) => redirect(302, `http://${call.headers.host}/elsewhere${call.path}`),
  },
  'captive-portal': { words: 'A login page with HTTP 200', disturb: () => page(200, 'Welcome to the guest network') },
  'other-json': { words: 'Some other JSON with HTTP 200', disturb: () => json(200, { status: 'ok', data: [] }) },
  'accepts-all': {
    words: 'A cache in between: whatever key asks gets the answer of one that works',
    disturb: ({ proceed, house, registry }) => proceed({ impostor: registry.newest(house.name) }),
  },
  'clock-skew': {
    words: 'The clock goes ahead, or behind',
    counts: 'seconds ahead, negative for behind',
    seconds: 3600,
    disturb: ({ proceed, fault }) => proceed({ aheadMs: ms(fault.seconds) }),
  },
  'slow-deletion': {
    words: 'A deleted key still works for a while',
    counts: 'seconds since it was deleted',
    seconds: 60,
    disturb: ({ proceed, fault }) => proceed({ deletedWithinMs: ms(fault.seconds) }),
  },
  'flickering-deletion': {
    words: 'A deleted key works again at every third request',
    disturb: ({ proceed, fault }) => proceed(fault.met % 3 === 0 ? { deletedWithinMs: Number.POSITIVE_INFINITY } : {}),
  },
  'unknown-key': {
    words: 'The key is not known',
    disturb: ({ call, house }) => house.words.unknownKey(call),
  },
  refused: {
    words: 'Address, key or permission refused',
    disturb: ({ call, house }) => house.words.refused(call),
  },
  'other-public-key': {
    words: 'The signature does not fit',
    disturb: ({ call, house }) => house.words.badSignature(call),
  },
  'unknown-permission': {
    words: 'A permission nobody heard of is on',
    disturb: ({ call, house, proceed }) =>
      edited(proceed({}), (fields) => house.words.surprising(call, fields) ?? fields),
  },
  'missing-fields': {
    words: 'Required fields are missing',
    disturb: ({ proceed }) =>
      edited(proceed({}), (fields) =>
        without(fields, ['ipRestrict', 'enableWithdrawals', 'uid', 'serverTime', 'status', 'result', 'data']),
      ),
  },
  'second-factor': {
    words: 'A private method wants a second factor (Deribit)',
    disturb: ({ proceed }) => proceed({ secondFactor: true }),
  },
} satisfies Record<string, Kind>;

export type FaultKind = keyof typeof KINDS;

export const FAULT_KINDS: Record<FaultKind, Kind> = KINDS;

export const isFaultKind = (text: string): text is FaultKind => Object.hasOwn(FAULT_KINDS, text);
