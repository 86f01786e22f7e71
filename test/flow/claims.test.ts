import { afterEach, beforeEach, expect, it } from 'vitest';
import { generate } from '../../src/steps/generate.ts';
import type { Tools } from '../../src/steps/step.ts';
import { keyNamed, toolsFor } from '../../src/workspace.ts';
import { aWorld, KEY, type World } from './world.ts';

/** Somebody writes to the record while a worker is in the middle of a step: the worker ends, and so does its claim. */

let world: World;
beforeEach(async () => {
  world = await aWorld();
  await world.turnsOver();
  world.forward({ days: 29 });
});
afterEach(() => world.close());

const leaks = () => world.rotate({ reason: 'seen on a laptop', compromised: 'current' });

/** A step in whose middle this happens. */
async function generating(meanwhile: Partial<Tools['store']>): Promise<unknown> {
  const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'worker');
  return generate({ ...tools, store: { ...tools.store, ...meanwhile } }, await world.record(), 2);
}

it('after what was done could not be recorded', async () => {
  const { store } = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'worker');
  const ends = generating({
    async putMaterial(...parameters) {
      await leaks();
      return store.putMaterial(...parameters);
    },
  });
  await expect(ends).rejects.toMatchObject({ code: 'conflict' });
  expect(await world.apply()).toEqual(
    expect.arrayContaining(['revoke waiting deletion-asked', 'generate done generated']),
  );
});

it('after it failed', async () => {
  const ends = generating({
    async putMaterial() {
      await leaks();
      throw new Error('no room');
    },
  });
  await expect(ends).rejects.toThrow('no room');
  expect(await world.apply()).toEqual(
    expect.arrayContaining(['revoke waiting deletion-asked', 'generate done generated']),
  );
});
