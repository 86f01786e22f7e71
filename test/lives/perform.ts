import type { Key } from '../../src/core/policy.ts';
import { rolesOf } from '../../src/core/record.ts';
import { isKeyturnError } from '../../src/errors.ts';
import type { Looked } from '../../src/tick.ts';
import { HOUR } from '../build.ts';
import { type Deed, EDITS } from './deeds.ts';
import { deletes, deletesCurrent, disables, mends, obeys, registers } from './person.ts';
import type { World } from './world.ts';

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
    case 'bring-in':
      return bringIn(world, key);
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
  await onePass(world);
  for (const key of world.keys) await tolerating(obeys(world, key));
  await onePass(world);
  world.time.now += 25 * HOUR * 1000;
}

const onePass = async (world: World) => world.act(await world.look(), { name: 'worker' });

/** As far as the overlap. */
async function bringIn(world: World, key: Key): Promise<void> {
  await tolerating(world.rotate(key, { reason: 'because', compromised: null }));
  await onePass(world);
  await registers(world, key);
  await onePass(world);
}

/** As far as the task to delete the previous key, which nobody has done yet. */
async function turnOver(world: World, key: Key): Promise<void> {
  await bringIn(world, key);
  world.time.now += (key.schedule.overlap + HOUR) * 1000;
  await onePass(world);
}

/** For the length of one pass the venue claims not to know a key that it keeps. */
async function deny(world: World, key: Key, which: 'current' | 'previous'): Promise<void> {
  const record = await world.record(key);
  const roles = record && rolesOf(record);
  const apiKey = which === 'current' ? roles?.current?.apiKey : roles?.previous[0]?.apiKey;
  if (!apiKey) return;
  world.denials.set(apiKey, (world.denials.get(apiKey) ?? 0) + 1);
  world.venue.denied.add(apiKey);
  await onePass(world);
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
