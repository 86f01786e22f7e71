import type { Found } from './fetch.ts';

/** What global-setup.ts, or a script, found or fetched of the programs others wrote. */
export const found = (name: string): Found =>
  (JSON.parse(process.env.KEYTURN_TEST_PROGRAMS ?? '{}') as Record<string, Found>)[name] ?? {
    missing: `nobody looked for ${name}`,
  };

/** The path of a program; throws where it cannot be had. */
export function program(name: string): string {
  const here = found(name);
  if ('path' in here) return here.path;
  throw new Error(here.missing);
}
