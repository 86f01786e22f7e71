import * as fc from 'fast-check';
import { COSTLY } from './costly.ts';

/** Single things that happen to a text. */
export type Edit = (text: string) => string;

/** What means something in YAML, JSON, policies or objects of JavaScript, and what looks as if it did. */
export const SPECIALS = [
  '&a',
  '*a',
  '*nothing',
  '&a [*a, *a]',
  '<<: *a',
  '<<: 1',
  '!!binary x',
  '!!js/function f',
  '!tag ',
  '%YAML 1.1\n---\n',
  '---\n',
  '...\n',
  '--- !!map\n',
  '? ',
  ': ',
  '- ',
  '| \n',
  '>-\n',
  '# ',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ',',
  '\t',
  '\n',
  '\r',
  '\0',
  '\uFEFF',
  '\u2028',
  '\u0085',
  '\uD800',
  '\u202E',
  '💥',
  '\\x',
  '"\\u"',
  '~',
  'null',
  'yes',
  'NaN',
  '.inf',
  '-0',
  '0x1F',
  '1e999',
  '99999999999999999999',
  '2026-02-30',
  '24:60',
  '30d',
  '0d',
  '9999999w',
  '203.0.113.7/0',
  '::/0',
  '../..',
  '__proto__: { polluted: 1 }\n',
  'constructor: x\n',
  'toString',
  'hasOwnProperty',
  '-----BEGIN PRIVATE KEY-----\n',
  'a'.repeat(600),
] as const;

/** From the first character to the last. */
export const aPlace = fc.double({ min: 0, max: 1, noNaN: true });

/** Changes a text where it is cut in two. */
const between = (change: (before: string, after: string, length: number) => string): fc.Arbitrary<Edit> =>
  fc.tuple(aPlace, fc.integer({ min: 1, max: 40 })).map(
    ([where, length]): Edit =>
      (text) => {
        const cut = Math.floor(text.length * where);
        return change(text.slice(0, cut), text.slice(cut), length);
      },
  );

const inserting = (inserted: fc.Arbitrary<string>, instead = /^/): fc.Arbitrary<Edit> =>
  inserted.chain((each) => between((before, after) => before + after.replace(instead, () => each)));

const onLine = (change: (line: string) => string[]): fc.Arbitrary<Edit> =>
  aPlace.map(
    (where): Edit =>
      (text) => {
        const lines = text.split('\n');
        const chosen = Math.min(lines.length - 1, Math.floor(lines.length * where));
        return lines.flatMap((line, number) => (number === chosen ? change(line) : [line])).join('\n');
      },
  );

export const anEdit: fc.Arbitrary<Edit> = fc.oneof(
  between((before) => before),
  between((before, after, length) => before + after.slice(length)),
  between((before, after, length) => before + after.slice(0, length) + after),
  between((before, after) => after + before),
  inserting(fc.constantFrom(...SPECIALS)),
  inserting(fc.constantFrom(...SPECIALS), /[\w.-]+/),
  inserting(fc.string({ unit: 'binary', maxLength: 4 })),
  onLine(() => []),
  onLine((line) => [line, line]),
  onLine((line) => [` ${line}`]),
  onLine((line) => [line.replace(/^ {1,2}/, '')]),
);

const repeated = (text: string, bytes: number): string => text.repeat(Math.ceil(bytes / Math.max(1, text.length)));
const bomb = Array.from('abcdefghi').map((name, level, names) => {
  const inside = level === 0 ? 'x' : `*${names[level - 1]}`;
  return `  ${name}: &${name} [${Array(9).fill(inside).join(', ')}]`;
});

/** What concerns a text as a whole. */
export const onWhole: fc.Arbitrary<Edit> = fc.constantFrom<Edit[]>(
  () => '',
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => text.replaceAll('\n', '\r'),
  (text) => `\uFEFF${text}`,
  (text) => `${text}\n---\n${text}`,
  (text) => `${text}\n${text}`,
  (text) => `x: ${'['.repeat(1_000)}${']'.repeat(1_000)}\n${text}`,
  (text) => `${Array.from({ length: 700 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')}\n${text}`,
  (text) => [text, 'bomb:', ...bomb].join('\n'),
  (text) => `${text.replace('keys:', 'keys: &k\n')}\nwaivers: *k\n`,
);

/** Five megabytes, and what is just small enough to be read, in the forms that cost most. */
export const toHuge: fc.Arbitrary<Edit> = fc.constantFrom<Edit[]>(
  (text) => repeated(text, 5 * 1024 * 1024),
  (text) => `${text}\n# ${'x'.repeat(5 * 1024 * 1024)}`,
  ...Object.values(COSTLY).map(
    (costly): Edit =>
      () =>
        costly,
  ),
);
