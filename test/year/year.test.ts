import { expect, it } from 'vitest';
import { judgedYear } from './year.ts';

/** A sample; `npm run test:year` takes more keys, kills more often, and chooses a seed of its own. */

it('lives through a year and both changes of the clocks, killed at random: rotations in their windows, everything told once', {
  timeout: 240_000,
}, async () => {
  const { deaths, doubles } = await judgedYear({ seed: 20_261_125, keys: 1, kills: 10 });
  expect(new Set(deaths)).toEqual(new Set(['at work', 'unheard', 'unanswered', 'answered']));
  // What was heard and not answered comes again.
  expect(doubles).toBeGreaterThan(0);
});
