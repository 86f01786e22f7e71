import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { aDeed, type Deed } from './deeds.ts';
import { watcher } from './invariants.ts';
import { doer } from './perform.ts';
import { comesToRest } from './rest.ts';
import { aWorld } from './world.ts';

/** Whole lives of keys, whatever happens in them: `KEYTURN_LIVES=1000 KEYTURN_SEED=7 npx vitest run test/lives` lives more of them. */

const LIVES = Number(process.env.KEYTURN_LIVES ?? 8);
const SEED = process.env.KEYTURN_SEED;

/** Lived every time, since chance seldom leads there: a flicker while proof is awaited, and a current key that vanishes. */
const SURE: [Deed[]][] = [
  [[{ do: 'good-day' }, { do: 'turn-over', key: 0 }, { do: 'deny', key: 0, generation: 'previous' }]],
  [
    [
      { do: 'good-day' },
      { do: 'bring-in', key: 0 },
      { do: 'delete-current', key: 0 },
      { do: 'wait', seconds: 90_000 },
      { do: 'pass' },
    ],
  ],
  // A deletion that somebody made too early, and a venue that refuses for days what it should answer: the record must not fill.
  [
    [
      { do: 'good-day' },
      { do: 'turn-over', key: 0 },
      { do: 'pass', writes: 1 },
      { do: 'pass', writes: 1 },
      { do: 'pass', writes: 1 },
      { do: 'leak-current', key: 0 },
      { do: 'good-day' },
      { do: 'delete-current', key: 0 },
      { do: 'delete-current', key: 0 },
      { do: 'good-day' },
      { do: 'look' },
      { do: 'deny', key: 0, generation: 'current' },
      { do: 'good-day' },
      { do: 'good-day' },
    ],
  ],
];

async function live(deeds: readonly Deed[]): Promise<void> {
  const world = await aWorld();
  try {
    const [perform, check] = [doer(world), watcher(world)];
    for (const deed of deeds) {
      await perform(deed);
      await check();
    }
    await comesToRest(world, check);
  } finally {
    await world.venue.close();
  }
}

it('whatever happens, no working key is lost, none is called dead that lives, and every life comes to rest', {
  timeout: 60_000 + LIVES * 20_000,
}, async () => {
  const lives = fc.asyncProperty(fc.array(aDeed, { minLength: 12, maxLength: 50, size: 'max' }), live);
  await fc.assert(lives, { numRuns: LIVES, examples: SURE, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
  expect.assertions(0);
});
