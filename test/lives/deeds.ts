import * as fc from 'fast-check';
import type { Key } from '../../src/core/policy.ts';
import { rolesOf } from '../../src/core/record.ts';
import { isKeyturnError } from '../../src/errors.ts';
import type { Looked } from '../../src/tick.ts';
import { DAY, HOUR } from '../build.ts';
import { MOODS, type Mood } from './moody-venue.ts';
import { deletes, deletesCurrent, disables, mends, obeys, registers, SLIPS, type Slip } from './person.ts';
import type { World } from './world.ts';

/** What may happen next in the lives of keys. Plain data, so that a failing life prints and shrinks well. */
export type Deed =
  | { do: 'good-day' }
  | { do: 'pass'; writes?: number | undefined }
  | { do: 'passes-at-once'; workers: number }
  | { do: 'look' | 'act-on-old-look' }
  | { do: 'register'; key: 0 | 1; slip?: Slip | undefined }
  | {
      do: 'turn-over' | 'mend' | 'delete' | 'delete-current' | 'disable' | 'rotate' | 'leak-current' | 'leak-next';
      key: 0 | 1;
    }
  | { do: 'mood'; mood: Mood }
  | { do: 'deny'; key: 0 | 1; generation: 'current' | 'previous' }
  | { do: 'wait'; seconds: number }
  | { do: 'skew'; seconds: number }
  | { do: 'edit-policy'; key: 0 | 1; edit: keyof typeof EDITS };

const EDITS = {
  'other-purpose': (key) => ({
    permissions: key.permissions.includes('spot-trade') ? ['read', 'futures-trade'] : ['read', 'spot-trade'],
  }),
  'no-overlap': (key) => ({ schedule: { ...key.schedule, overlap: 0 } }),
  'long-overlap': (key) => ({ schedule: { ...key.schedule, overlap: 2 * DAY } }),
  rarer: () => ({ rotateEvery: 90 * DAY }),
  oftener: () => ({ rotateEvery: 30 * DAY }),
  'office-hours': (key) => ({
    schedule: {
      ...key.schedule,
      windows: [{ days: ['mon', 'tue', 'wed', 'thu'], from: '09:00', to: '16:00', timeZone: 'Europe/London' }],
    },
  }),
  'june-freeze': (key) => ({
    schedule: { ...key.schedule, freezes: [{ from: '2026-06-10', to: '2026-07-20', reason: 'move' }] },
  }),
} as const satisfies Record<string, (key: Key) => Partial<Key>>;

const aKeyNumber = fc.constantFrom(0 as const, 1 as const);
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

export const aDeed: fc.Arbitrary<Deed> = fc.oneof(
  often(14, fc.constant({ do: 'good-day' as const })),
  often(4, fc.constant({ do: 'pass' as const })),
  often(3, fc.record({ do: fc.constant('pass' as const), writes: fc.integer({ min: 1, max: 6 }) })),
  often(2, fc.record({ do: fc.constant('passes-at-once' as const), workers: fc.integer({ min: 2, max: 3 }) })),
  often(2, fc.record({ do: fc.constantFrom('look' as const, 'act-on-old-look' as const) })),
  often(5, fc.record({ do: fc.constant('register' as const), key: aKeyNumber })),
  often(3, fc.record({ do: fc.constant('register' as const), key: aKeyNumber, slip: fc.constantFrom(...SLIPS) })),
  often(6, fc.record({ do: fc.constant('turn-over' as const), key: aKeyNumber })),
  often(4, fc.record({ do: fc.constantFrom('mend' as const, 'delete' as const, 'rotate' as const), key: aKeyNumber })),
  often(
    2,
    fc.record({
      do: fc.constantFrom('delete-current' as const, 'disable' as const, 'leak-current' as const, 'leak-next' as const),
      key: aKeyNumber,
    }),
  ),
  often(2, fc.record({ do: fc.constant('mood' as const), mood: fc.constantFrom('well' as const, ...MOODS) })),
  often(
    1,
    fc.record({
      do: fc.constant('deny' as const),
      key: aKeyNumber,
      generation: fc.constantFrom('current' as const, 'previous' as const),
    }),
  ),
  often(
    6,
    fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.oneof(
        fc.constantFrom(11 * 60, 20 * 60, 3 * HOUR, 25 * HOUR, 25 * DAY, 40 * DAY, -HOUR, -2 * DAY),
        fc.integer({ min: 1, max: 30 * DAY }),
      ),
    }),
  ),
  often(1, fc.record({ do: fc.constant('skew' as const), seconds: fc.constantFrom(0, 30, -30, 120, -HOUR, 3 * DAY) })),
  often(
    2,
    fc.record({
      do: fc.constant('edit-policy' as const),
      key: aKeyNumber,
      edit: fc.constantFrom(...(Object.keys(EDITS) as (keyof typeof EDITS)[])),
    }),
  ),
);

/** Does deeds in a world, one after the other. What a person is refused is no failure of a life. */
export function doer(world: World): (deed: Deed) => Promise<void> {
  let oldLook: Looked | null = null;

  return async (deed) => {
    switch (deed.do) {
      case 'good-day':
        return goodDay(world);
      case 'pass':
        await world.act(await world.look(), { name: 'worker', writes: deed.writes });
        return;
      case 'passes-at-once':
        await Promise.all(
          Array.from({ length: deed.workers }, async (_, n) => world.act(await world.look(), { name: `worker-${n}` })),
        );
        return;
      case 'look':
        oldLook = await world.look();
        return;
      case 'act-on-old-look':
        if (oldLook) await world.act(oldLook, { name: 'slow-worker' });
        return;
      case 'mood':
        world.venue.mood = deed.mood;
        return;
      case 'deny':
        return deny(world, world.keys[deed.key], deed.generation);
      case 'wait':
        world.time.now += deed.seconds * 1000;
        return;
      case 'skew':
        world.time.skew = deed.seconds * 1000;
        return;
      case 'edit-policy': {
        const key = world.keys[deed.key];
        world.keys[deed.key] = { ...key, ...EDITS[deed.edit](key) };
        return;
      }
      default:
        await tolerating(byPeople(world, world.keys[deed.key], deed));
    }
  };
}

function byPeople(world: World, key: Key, deed: Extract<Deed, { key: 0 | 1 }>): Promise<void> {
  switch (deed.do) {
    case 'turn-over':
      return turnOver(world, key);
    case 'register':
      return registers(world, key, deed.slip);
    case 'mend':
      return mends(world, key);
    case 'delete':
      return deletes(world, key);
    case 'delete-current':
      return deletesCurrent(world, key);
    case 'disable':
      return disables(world, key);
    case 'rotate':
      return world.rotate(key, { reason: 'because', compromised: null });
    case 'leak-current':
      return world.rotate(key, { reason: 'leak', compromised: 'current' });
    case 'leak-next':
      return leakNext(world, key);
    default:
      throw new Error(`${deed.do} is not done by people`);
  }
}

/** Two passes, people who do what they are told between them, and a day. */
async function goodDay(world: World): Promise<void> {
  await world.act(await world.look(), { name: 'worker' });
  for (const key of world.keys) await tolerating(obeys(world, key));
  await world.act(await world.look(), { name: 'worker' });
  world.time.now += 25 * HOUR * 1000;
}

/** As far as the task to delete the previous key, which nobody has done yet. */
async function turnOver(world: World, key: Key): Promise<void> {
  const pass = async () => world.act(await world.look(), { name: 'worker' });
  await tolerating(world.rotate(key, { reason: 'because', compromised: null }));
  await pass();
  await registers(world, key);
  await pass();
  world.time.now += key.schedule.overlap * 1000 + HOUR * 1000;
  await pass();
}

/** For the length of one pass the venue claims not to know a key that it keeps. */
async function deny(world: World, key: Key, which: 'current' | 'previous'): Promise<void> {
  const record = await world.record(key);
  const roles = record && rolesOf(record);
  const apiKey = which === 'current' ? roles?.current?.apiKey : roles?.previous[0]?.apiKey;
  if (!apiKey) return;
  world.denials.set(apiKey, (world.denials.get(apiKey) ?? 0) + 1);
  world.venue.denied.add(apiKey);
  await world.act(await world.look(), { name: 'worker' });
  world.venue.denied.delete(apiKey);
}

async function leakNext(world: World, key: Key): Promise<void> {
  const next = (await world.record(key))?.next;
  if (next) await world.rotate(key, { reason: 'leak', compromised: [next] });
}

async function tolerating(deed: Promise<void>): Promise<void> {
  try {
    await deed;
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
  }
}
