import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import type { HttpAnswer } from '../../http.ts';

/** What an answer must look like: all that a matcher names must be so. */

const Text = z.string().check(z.minLength(1), z.maxLength(1000));
const Value = z.union([Text, z.number(), z.boolean(), z.null()]);

/** These say that nobody has looked at the key. */
const SAYS_NOTHING: ReadonlySet<number> = new Set([418, 429]);

const Status = z.int().check(
  z.refine(
    (status) => (status >= 200 && status < 300) || (status >= 400 && status < 500 && !SAYS_NOTHING.has(status)),
    {
      error: 'must be a status from 200 to 299 or from 400 to 499; others, 418 and 429 say nothing about a key',
    },
  ),
);

const Compared = { equals: z.optional(Value), contains: z.optional(Text) };
const hasOne = ({ equals, contains }: { equals?: unknown; contains?: unknown }) =>
  (equals === undefined) !== (contains === undefined);

const Json = z
  .strictObject({
    path: about(Text, 'Fields and places joined by dots, such as error.code'),
    ...Compared,
  })
  .check(z.refine(hasOne, { error: 'must have either equals or contains' }));
const Header = z
  .strictObject({
    name: z.pipe(
      Text,
      z.transform((name) => name.toLowerCase()),
    ),
    ...Compared,
  })
  .check(z.refine(hasOne, { error: 'must have either equals or contains' }));

export const Matcher = z
  .strictObject({
    status: about(z.optional(Status), 'HTTP status'),
    header: about(z.optional(Header), 'A header and what it must be'),
    json: about(z.optional(Json), 'A field of the JSON body and what it must be'),
    text: about(z.optional(Text), 'What the body must contain'),
  })
  .check(
    z.refine((matcher) => Object.values(matcher).some((each) => each !== undefined), {
      error: 'must name at least one of status, header, json, text',
    }),
  );
export type Matcher = z.infer<typeof Matcher>;

/** The value at a path of a JSON text; undefined where there is none. */
export function jsonAt(body: string, path: string): unknown {
  try {
    let here: unknown = JSON.parse(body);
    for (const step of path.split('.'))
      here =
        typeof here === 'object' && here !== null && Object.hasOwn(here, step) ? Reflect.get(here, step) : undefined;
    return here;
  } catch {
    return undefined;
  }
}

export function matches({ status, header, json, text }: Matcher, answer: HttpAnswer): boolean {
  if (status !== undefined && status !== answer.status) return false;
  if (header && !fits(header, headerOf(answer, header.name))) return false;
  if (json && !fits(json, jsonAt(answer.body, json.path))) return false;
  return text === undefined || answer.body.includes(text);
}

export const headerOf = ({ headers }: HttpAnswer, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

const fits = ({ equals, contains }: { equals?: unknown; contains?: string | undefined }, value: unknown): boolean =>
  contains === undefined ? value === equals : typeof value === 'string' && value.includes(contains);

/** Whether everything that fits `narrow` fits `wide`, too, as far as can be said without an answer. */
export const covers = (wide: Matcher, narrow: Matcher): boolean =>
  (['status', 'header', 'json', 'text'] as const).every(
    (part) => wide[part] === undefined || JSON.stringify(wide[part]) === JSON.stringify(narrow[part]),
  );
