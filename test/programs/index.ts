import { describe, it } from 'vitest';
import type { Found } from './fetch.ts';

/** Programs others wrote, as global-setup.ts found or fetched them. */

const PROGRAMS = JSON.parse(process.env.KEYTURN_TEST_PROGRAMS ?? '{}') as Record<string, Found>;

/** The path of a program; throws where it cannot be had. */
export function program(name: string): string {
  const found = PROGRAMS[name];
  if (found && 'path' in found) return found.path;
  throw new Error(whyMissing(name));
}

const whyMissing = (name: string): string => {
  const found = PROGRAMS[name];
  return found && 'missing' in found ? found.missing : `nobody looked for ${name}`;
};

const isMissing = (name: string): boolean => !('path' in (PROGRAMS[name] ?? {}));

interface Kind<Body> {
  (title: string, body: Body): unknown;
  skip(title: string, body: Body): unknown;
}

const runWith =
  <Body>(kind: Kind<Body>) =>
  (names: readonly string[], title: string, body: Body): void => {
    const missing = names.filter(isMissing);
    const reasons = missing.map(whyMissing).join('; ');
    if (missing.length === 0) kind(title, body);
    else if (!process.env.CI) kind.skip(`${title} (skipped: ${reasons})`, body);
    else
      it(`${title} needs ${missing.join(', ')}`, () => {
        throw new Error(reasons);
      });
  };

/**
 * A suite that runs beside these programs. Where one cannot be had its tests are skipped, and the title says why; in CI
 * that is a failure.
 */
export const describeWith = runWith<() => void>(describe);

/** The same for a single test. */
export const itWith = runWith<() => void | Promise<void>>(it);
