import { describe, it } from 'vitest';
import { found } from './program.ts';

/** Programs others wrote, for tests. */

export { program } from './program.ts';

const whyMissing = (name: string): string[] => {
  const here = found(name);
  return 'missing' in here ? [here.missing] : [];
};

interface Kind<Body> {
  (title: string, body: Body): unknown;
  skip(title: string, body: Body): unknown;
}

const runWith =
  <Body>(kind: Kind<Body>) =>
  (names: readonly string[], title: string, body: Body): void => {
    const missing = names.filter((name) => whyMissing(name).length > 0);
    const reasons = missing.flatMap(whyMissing).join('; ');
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
