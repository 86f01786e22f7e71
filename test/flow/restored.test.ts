import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { recordKeyId } from '../../src/commands/register.ts';
import { keyNamed } from '../../src/workspace.ts';
import { aWorld, KEY, type World } from './world.ts';

/** A backup of the store is brought back while the venue, or the store itself, has moved on since. */

/** How far a key can come, each stage from the one before. */
const STAGES = {
  established: async () => {
    await world.apply();
    await registers();
    await world.apply();
  },
  'task open': async () => {
    world.forward({ days: 29 });
    await world.apply();
  },
  'handed in': () => registers(),
  promoted: () => world.apply(),
  'deletion asked': async () => {
    world.forward({ days: 1, minutes: 1 });
    await world.apply();
  },
  'seen deleted': async () => {
    await world.deletes();
    await world.apply();
  },
  steady: async () => {
    world.forward({ minutes: 11 });
    await world.apply();
  },
  'promoted again': async () => {
    world.forward({ days: 28 });
    await world.apply();
    await registers();
    await world.apply();
  },
} satisfies Record<string, () => Promise<unknown>>;
type Stage = keyof typeof STAGES;

let world: World;
/** What the person created at the venue: public half to key id. */
let created: Map<string, string>;
afterEach(() => world.close());

/** Somebody who is asked once more for a key that exists already looks its id up. */
async function registers(): Promise<void> {
  const task = (await world.tasks()).find(({ kind }) => kind === 'register');
  if (!task) throw new Error('no registration is asked for');
  const apiKey = created.get(task.fingerprint) ?? (await world.person.register(task));
  created.set(task.fingerprint, apiKey);
  await recordKeyId(world.workspace, keyNamed(world.workspace.keys, KEY), apiKey);
}

/** Copies of a part of the store before and after, the former in place. */
async function restored(
  part: 'store' | 'record',
  backup: Stage,
  until: Stage,
): Promise<{ bringBackNewest: () => void }> {
  world = await aWorld();
  created = new Map();
  const place = join(world.folder, '.keyturn/store', KEY, part === 'store' ? '.' : part);
  const copy = (from: string, to: string) => {
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  };
  const [older, newest] = [join(world.folder, 'older'), join(world.folder, 'newest')];
  for (const stage of Object.keys(STAGES) as Stage[]) {
    await STAGES[stage]();
    if (stage === backup) copy(place, older);
    if (stage === until) break;
  }
  copy(place, newest);
  copy(older, place);
  return { bringBackNewest: () => copy(newest, place) };
}

/** Passes, people and time, until generation 2 is alone. */
async function goesOn(): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    const { decision, error } = await world.report();
    if (error) throw error;
    const tasks = await world.tasks();
    if (tasks.some(({ kind }) => kind === 'register')) await registers();
    // Who finds nothing to delete is done, too.
    else if (tasks.some(({ kind }) => kind === 'delete')) await world.deletes().catch(() => undefined);
    if (decision.reason === 'not-due' && (await world.record()).current === 2) return;
    world.forward({ hours: 1 });
    if (decision.reason === 'overlap') world.forward({ days: 1 });
  }
  throw new Error('it does not come to rest');
}

const GOES_ON: [part: 'store' | 'record', backup: Stage, until: Stage][] = [
  ['store', 'task open', 'promoted'],
  ['store', 'task open', 'deletion asked'],
  ['store', 'handed in', 'deletion asked'],
  ['store', 'promoted', 'seen deleted'],
  ['store', 'promoted', 'steady'],
  ['store', 'deletion asked', 'steady'],
  ['record', 'established', 'handed in'],
  ['record', 'established', 'deletion asked'],
  ['record', 'task open', 'promoted'],
  ['record', 'handed in', 'promoted'],
];
it.each(GOES_ON)(
  'the %s as it was when %s, brought back when %s: nothing is lost, nothing is done twice',
  async (...given) => {
    await restored(...given);
    await goesOn();
    expect(await world.status()).toMatchObject({
      phase: 'steady',
      current: { generation: 2 },
      next: null,
      previous: null,
    });
    expect(created.size).toBe(2);
  },
);

const HOLDS: [backup: Stage, until: Stage][] = [
  ['promoted', 'steady'],
  ['deletion asked', 'steady'],
  ['handed in', 'promoted again'],
];
it.each(HOLDS)(
  'the record alone as it was when %s, brought back when %s: says so, and the newest one mends it',
  async (...given) => {
    const { bringBackNewest } = await restored('record', ...given);
    let error = (await world.report()).error;
    for (let hours = 0; error === null && hours < 72; hours += 24) {
      world.forward({ hours: 24 });
      error = (await world.report()).error;
    }
    expect(error?.message).toMatch(/^the store is ahead of the record of desk\/spot: /);
    expect(error?.hint).toMatch(/restore the newest from a backup/);
    bringBackNewest();
    expect((await world.report()).error).toBeNull();
  },
);
