import * as z from 'zod/mini';

/** Texts with placeholders such as `{apiKey}`. Braces around anything but a word are left alone, as in JSON. */

const PLACEHOLDER = /\{([A-Za-z]\w*)\}/g;

export type Values = Readonly<Record<string, string>>;

/** Fills every placeholder with its value, encoded as the place needs it. */
export const fill = (template: string, values: Values, encode = (value: string): string => value): string =>
  template.replace(PLACEHOLDER, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : encode(value);
  });

export const placeholdersIn = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);

const MAX_LENGTH = 8192;

/** A text in which only these placeholders may stand. */
export const templateOf = (known: readonly string[]) =>
  z.string().check(
    z.minLength(1),
    z.maxLength(MAX_LENGTH),
    z.superRefine((text, context) => {
      const unknown = placeholdersIn(text).find((name) => !known.includes(name));
      if (unknown === undefined) return;
      const all = known.map((name) => `{${name}}`).join(', ');
      context.addIssue({ code: 'custom', message: `must not use {${unknown}}, which is no placeholder here: ${all}` });
    }),
  );
