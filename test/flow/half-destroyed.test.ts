import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { evidenceChain } from '../../src/core/evidence-chain.ts';
import { act } from '../../src/steps/act.ts';
import { keyNamed, toolsFor } from '../../src/workspace.ts';
import { aWorld, KEY, type World } from './world.ts';

/** A generation that is proven dead, and what it means for the others that its destruction does not come to its end. */

let world: World;
beforeEach(async () => {
  world = await aWorld();
  await world.overlapped();
  await world.apply();
});
afterEach(() => world.close());

/** Proven dead by whoever looks; the pass that is to destroy it has not come yet. */
async function provenDead(generation: number): Promise<void> {
  await world.deletes();
  for (let groups = 0; groups < 2; groups++) {
    const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'maria');
    await act(tools, await world.record(), 'prove', generation);
    world.forward({ minutes: 11 });
  }
}

/** The run that destroys it stops after its evidence was stored. */
async function stopsAfterEvidence(generation: number): Promise<void> {
  const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'test');
  const stopping = {
    ...tools.store,
    putEvidence: async (...parameters: Parameters<typeof tools.store.putEvidence>) => {
      await tools.store.putEvidence(...parameters);
      throw new Error('stopped');
    },
  };
  await expect(act({ ...tools, store: stopping }, await world.record(), 'destroy', generation)).rejects.toThrow(
    'stopped',
  );
}

it('another one that is destroyed first finds its place in the chain of documents', async () => {
  await provenDead(1);
  await stopsAfterEvidence(1);
  await world.rotate({ reason: 'leaked', compromised: [2] });
  const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'test');
  await act(tools, await world.record(), 'generate', 3);
  await world.rotate({ reason: 'leaked as well', compromised: [3] });
  expect(await world.apply()).toContain('destroy done destroyed');
  const record = await world.record();
  const documents = new Map<number, string>();
  for (const generation of [1, 3]) documents.set(generation, (await tools.store.readEvidence(KEY, generation)) ?? '');
  expect(evidenceChain(record, documents).breaks).toEqual([]);
});

it('a destruction that fails keeps nobody from revoking and replacing a key that leaked', async () => {
  await provenDead(1);
  const evidence = join(world.folder, '.keyturn/store', KEY, 'evidence');
  writeFileSync(evidence, '');
  await world.rotate({ reason: 'leaked', compromised: 'current' });
  const { actions, error } = await world.report();
  expect(actions.map(({ action }) => action)).toEqual(['revoke', 'generate', 'register']);
  expect(error).toMatchObject({ code: 'corrupt' });
  rmSync(evidence);
  expect(await world.apply()).toContain('destroy done destroyed');
});
