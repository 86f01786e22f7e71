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

/**
 * A suite that runs beside these programs. Where one cannot be had its tests are skipped, and the title says why; in CI
 * that is a failure.
 */
export function describeWith(names: readonly string[], title: string, suite: () => void): void {
  const missing = names.filter(isMissing);
  if (missing.length === 0) {
    describe(title, suite);
    return;
  }
  const reasons = missing.map(whyMissing).join('; ');
  if (process.env.CI) {
    it(`${title} needs ${missing.join(', ')}`, () => {
      throw new Error(reasons);
    });
  } else describe.skip(`${title} (skipped: ${reasons})`, suite);
}
