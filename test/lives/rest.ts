import type { Key } from '../../src/core/policy.ts';
import { rolesOf } from '../../src/core/record.ts';
import { phaseOf } from '../../src/core/status.ts';
import { HOUR } from '../build.ts';
import { obeys } from './person.ts';
import type { World } from './world.ts';

/** From here on the venue is well, clocks are right, nothing is frozen, and people do what their cards say. */

const ROUNDS = 60;

/** Lives on until every key is at rest, checking after each pass. Throws with what is stuck. */
export async function comesToRest(world: World, check: () => Promise<void>): Promise<void> {
  world.venue.mood = 'well';
  world.time.skew = 0;
  for (const key of world.keys) key.schedule = { ...key.schedule, freezes: [] };
  let reasons = '';
  for (let round = 0; round < ROUNDS; round++) {
    const reports = (await world.act(await world.look(), { name: 'worker' })) ?? [];
    await check();
    reasons = reports
      .map(
        ({ key, decision, error, actions }) =>
          `${key} ${error?.message ?? decision.message} ${JSON.stringify(actions)}`,
      )
      .join('\n');
    if ((await Promise.all(world.keys.map((key) => isAtRest(world, key)))).every(Boolean)) return;
    for (const key of world.keys) {
      await obeys(world, key);
      await replacesWhatVanished(world, key);
    }
    world.time.now += 7 * HOUR * 1000;
  }
  throw new Error(`stuck for ever:\n${reasons}`);
}

/** A key that works nowhere any more, deleted by mistake, is given up, as the hints of keyturn say. */
async function replacesWhatVanished(world: World, key: Key): Promise<void> {
  const record = await world.record(key);
  if (record === null) return;
  const listed = new Set((await world.venue.list()).map(({ apiKey }) => apiKey));
  const { current, next } = rolesOf(record);
  const vanished = [current, next].filter(
    (each) => each?.at.verified && !each.compromised && !listed.has(each.apiKey ?? ''),
  );
  const numbers = vanished.flatMap((each) => (each ? [each.generation] : []));
  if (numbers.length > 0) await world.rotate(key, { reason: 'deleted by mistake', compromised: numbers });
}

async function isAtRest(world: World, key: Key): Promise<boolean> {
  const record = await world.record(key);
  if (record === null) return false;
  // What was given up before it ever worked cannot be proven dead by probing; it stays a debt until somebody attests it.
  const provable = record.generations.filter(({ at, compromised }) => !(compromised && at.asked && !at.verified));
  return phaseOf({ ...record, generations: provable }) === 'steady';
}
