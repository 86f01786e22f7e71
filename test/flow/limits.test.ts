import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/core/record.ts';
import { verify } from '../../src/steps/verify.ts';
import { keyNamed, toolsFor } from '../../src/workspace.ts';
import { aWorld, KEY, type World } from './world.ts';

/** A full record cannot even be claimed, and its key stands still for good: what goes on for long must not fill it. */

let world: World;
afterEach(() => world.close());

const evidenceOf = async (generation: number) =>
  (await world.record()).generations.find((each) => each.generation === generation)?.evidence ?? [];

/** RSA-4096 has the longest public half. */
const overlapped = async (): Promise<void> => {
  world = await aWorld({ algorithm: 'rsa-4096' });
  await world.overlapped();
  await world.apply();
};

it('a promotion that fails for days is verified every hour, and goes on when it can', async () => {
  world = await aWorld();
  await world.turnsOver();
  world.forward({ days: 29 });
  await world.apply();
  await world.registers();
  const promotions = join(world.folder, '.keyturn/store', KEY, 'promotions');
  renameSync(promotions, `${promotions}.away`);
  writeFileSync(promotions, '');
  for (let hours = 0; hours < 40; hours++) {
    expect((await world.report()).error).toMatchObject({ code: 'corrupt' });
    world.forward({ hours: 1, minutes: 1 });
  }
  rmSync(promotions);
  renameSync(`${promotions}.away`, promotions);
  expect(await world.apply()).toEqual(['verify done verified', 'promote done promoted', 'overlap']);
});

it('asking again and again whether the next key works adds nothing that was seen before', async () => {
  world = await aWorld();
  await world.apply();
  await world.registers();
  for (let times = 0; times < 45; times++) {
    const tools = await toolsFor(world.workspace, keyNamed(world.workspace.keys, KEY), 'maria');
    expect(await verify(tools, await world.record(), 1)).toMatchObject({ reason: 'verified' });
  }
  expect((await evidenceOf(1)).filter(({ event }) => event === 'verified')).toHaveLength(1);
  expect(await world.apply()).toEqual(['promote done promoted', 'not-due']);
});

it('a venue that flickers for days while a deletion is to be proven', async () => {
  await overlapped();
  for (let times = 0; times < 25; times++) {
    const { id } = world.sandbox.faults.switchOn({ kind: 'maintenance' });
    await world.apply();
    world.sandbox.faults.switchOff(id);
    await world.apply();
    world.forward({ minutes: 20 });
  }
  await world.deletes();
  await world.apply();
  world.forward({ minutes: 11 });
  expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'not-due']);
  const store = await world.workspace.ports.store('local');
  const { entries } = JSON.parse((await store.readEvidence(KEY, 1)) ?? '') as {
    entries: KeyRecord['generations'][0]['evidence'];
  };
  expect(entries.find(({ event }) => event === 'proven-dead')?.detail.negative).toEqual([
    expect.stringMatching(/unknown-key/),
    expect.stringMatching(/refused/),
  ]);
});

it('the same while two that leaked are to be proven', async () => {
  await overlapped();
  await world.rotate({ reason: 'leaked on a laptop', compromised: 'current' });
  await world.turnsOver();
  for (let times = 0; times < 15; times++) {
    const { id } = world.sandbox.faults.switchOn({ kind: 'maintenance' });
    await world.apply();
    world.sandbox.faults.switchOff(id);
    await world.apply();
    world.forward({ minutes: 20 });
  }
  for (const { generation } of (await world.record()).generations.slice(0, 2)) {
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    expect(await world.apply(), `generation ${generation}`).toContain('destroy done destroyed');
  }
});
