import * as z from 'zod/mini';
import { randomText } from '../probes.ts';

/**
 * What key ids look like: literal text with parts such as `{hex:32}` or `{word:1-64}`. No regular expressions, because a key
 * id is needed that nobody has, and because patterns of people can run for ever.
 */

const CLASSES = {
  digit: '0123456789',
  hex: '0123456789abcdef',
  lower: 'abcdefghijklmnopqrstuvwxyz0123456789',
  letter: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  word: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-',
} as const;

interface Part {
  characters: string;
  min: number;
  max: number;
}

const PART = /\{(digit|hex|lower|letter|word):(\d{1,3})(?:-(\d{1,3}))?\}/;
const LITERAL = /^[\w.:/+=@-]*$/;

const MAX_LENGTH = 256;
/** A stranger’s id must be one that nobody has by chance. */
const MIN_BITS = 32;
/** Of a part of variable length, in a stranger’s id. */
const TYPICAL_LENGTH = 24;

/** Literals and parts in their order; null for a text that is no pattern. */
function partsOf(pattern: string): (string | Part)[] | null {
  const pieces = pattern.split(new RegExp(PART, 'g'));
  const parts: (string | Part)[] = [];
  for (let i = 0; i < pieces.length; i += 4) {
    const [literal = '', name, min, max] = pieces.slice(i, i + 4);
    if (!LITERAL.test(literal)) return null;
    if (literal !== '') parts.push(literal);
    if (name === undefined) continue;
    const characters = CLASSES[name as keyof typeof CLASSES];
    parts.push({ characters, min: Number(min), max: Number(max ?? min) });
  }
  return parts;
}

const lengthOf = ({ min, max }: Part): number => Math.max(min, Math.min(max, TYPICAL_LENGTH));

export const KeyIdPattern = z.string().check(
  z.maxLength(MAX_LENGTH),
  z.superRefine((pattern, context) => {
    const fault = faultOf(partsOf(pattern));
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  }),
);

function faultOf(parts: (string | Part)[] | null): string | null {
  if (parts === null)
    return `must be literal text with parts such as {hex:32} or {word:1-64}; there are ${Object.keys(CLASSES).join(', ')}`;
  const variable = parts.filter((part): part is Part => typeof part !== 'string');
  if (variable.some(({ min, max }) => min > max || max === 0 || max > MAX_LENGTH))
    return `must have parts of 1 to ${MAX_LENGTH} characters, the smaller number first`;
  // One alone, so that matching goes through an id once.
  if (variable.filter(({ min, max }) => min < max).length > 1) return 'must have at most one part of variable length';
  const bits = variable.reduce((sum, part) => sum + lengthOf(part) * Math.log2(part.characters.length), 0);
  return bits < MIN_BITS ? 'must leave room for an id that nobody has by chance: make a part longer' : null;
}

/** Matches ids of a pattern that KeyIdPattern took. */
export function keyIdMatcher(pattern: string): RegExp {
  const parts = (partsOf(pattern) ?? []).map((part) =>
    typeof part === 'string'
      ? part.replace(/[.+]/g, '\\$&')
      : `[${part.characters.replace('-', '\\-')}]{${part.min},${part.max}}`,
  );
  return new RegExp(`^${parts.join('')}$`);
}

/** A random id of a pattern that KeyIdPattern took. */
export const strangersId = (pattern: string): string =>
  (partsOf(pattern) ?? [])
    .map((part) => (typeof part === 'string' ? part : randomText(lengthOf(part), part.characters)))
    .join('');
