import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { COSTLY } from './costly.ts';
import { checkPolicy, policyProperty } from './policies.ts';
import { recordProperty } from './records.ts';

/** A sample; `npm run fuzz -- --runs 1000000 --seed 7` is the whole. */
describe('whatever bytes there are', { timeout: 30_000 }, () => {
  it('of a policy: problems with a place and a remedy, or keys', () => fc.assert(policyProperty(), { numRuns: 1_000 }));
  it('of a record: corrupt, or something that can be decided on', () =>
    fc.assert(recordProperty(), { numRuns: 1_000 }));

  it.each(Object.entries(COSTLY))('also %s', (_, text) => checkPolicy(Buffer.from(text)));
});
