import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KeyturnError } from '../src/errors.ts';
import { Secret } from '../src/secret.ts';

const CANARY = 'canary-7f3a';
const secret = new Secret(CANARY);
/** As code sees it that takes it for a text. */
const taken = secret as unknown as string;

const failed = (cause: unknown): Error =>
  Object.assign(new KeyturnError('corrupt', 'it does not open', { cause }), { secret });

const PRINTED: Record<string, () => string> = {
  'as a string': () => String(secret),
  'in a template': () => `${taken}`,
  'added to a text': () => ['', taken].join(''),
  'as JSON': () => JSON.stringify(secret),
  'as JSON inside objects and lists': () => JSON.stringify({ material: [{ secret }] }),
  inspected: () => inspect(secret),
  'inspected with everything hidden shown': () => inspect(secret, { showHidden: true, depth: null, getters: true }),
  'inspected without its own inspection': () =>
    inspect(secret, { customInspect: false, showHidden: true, depth: null }),
  'inspected deep inside objects, maps and sets': () =>
    inspect({ a: { b: new Map([['c', new Set([secret])]]) } }, { depth: null }),
  'inspected in an error and in its cause': () => inspect(failed({ secret }), { depth: null, showHidden: true }),
  'formatted by every directive': () => format('%s %o %O %j', secret, secret, secret, secret),
  'formatted by every directive inside an object': () =>
    format('%s %o %O %j', { secret }, { secret }, { secret }, { secret }),
  'formatted as a number': () => format('%d %i %f', secret, secret, secret),
  'copied into another object': () => inspect(Object.assign({}, secret)),
  'listed by its properties': () => inspect(Object.getOwnPropertyDescriptors(secret)),
};

/** Bytes print as text, as hexadecimal and as numbers. */
const FORMS = [
  CANARY,
  Buffer.from(CANARY).toString('hex'),
  [...Buffer.from(CANARY)].join(','),
  inspect(Buffer.from(CANARY)).slice(8, -1),
];

describe('a secret does not print itself', () => {
  for (const [title, print] of Object.entries(PRINTED)) {
    it(title, () => {
      const printed = print();
      for (const form of FORMS) expect(printed).not.toContain(form);
    });
  }

  it('it says that it was left out', () => {
    expect([String(secret), `${taken}`, inspect(secret)]).toEqual(['[redacted]', '[redacted]', '[redacted]']);
    expect(JSON.stringify({ secret })).toBe('{"secret":"[redacted]"}');
  });

  it('a copy by structuredClone loses the bytes', () => {
    expect(inspect(structuredClone(secret), { showHidden: true })).not.toContain(CANARY);
  });
});

describe('a secret opened on purpose', () => {
  it('gives its bytes and its text', () => {
    expect(secret.reveal()).toEqual(Buffer.from(CANARY));
    expect(secret.revealText()).toBe(CANARY);
    expect(new Secret(Buffer.from([0xff, 0x00])).reveal()).toEqual(Buffer.from([0xff, 0x00]));
  });

  it('equals another with the same bytes', () => {
    expect(secret.equals(new Secret(Buffer.from(CANARY)))).toBe(true);
    expect(secret.equals(new Secret('another'))).toBe(false);
  });
});
