import { expect } from 'vitest';

/** In `toMatchObject({ stderr: /…/ })` the text has to match; Vitest by itself takes whatever stands there for equal. */
expect.addEqualityTesters([
  (actual: unknown, expected: unknown) => {
    if (!(expected instanceof RegExp) || actual instanceof RegExp) return undefined;
    return typeof actual === 'string' && expected.test(actual);
  },
]);
