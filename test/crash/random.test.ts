import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundledPrograms } from './processes.ts';
import { killAtRandom } from './random.ts';

/** A sample; `npm run test:crash` does as much of it as is wanted. */

let programs: string;
beforeAll(async () => {
  programs = await bundledPrograms();
});
afterAll(() => rm(programs, { recursive: true }));

for (const workers of [1, 8]) {
  it(`kills at random moments change nothing, with ${workers} worker${workers === 1 ? '' : 's'}`, async () => {
    const kills = 8;
    const outcome = await killAtRandom({ programs, seed: 20_261_125 + workers, kills, workers });
    expect(outcome.kills).toBeGreaterThanOrEqual(kills);
    expect(outcome.rotations).toBeGreaterThan(0);
  });
}
