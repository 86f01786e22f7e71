import { inspect } from 'node:util';
import { expect } from 'vitest';
import { nodeKeys } from '../../../providers/keys.ts';
import type { Material } from '../../../src/ports/store.ts';
import type { Cases } from '../store-suite.ts';
import { raced } from './racers.ts';

const keys = nodeKeys();

export const aPair = (): Promise<Material> => keys.generate('ed25519', true);

export const pairs = (count: number): Promise<Material[]> => Promise.all(Array.from({ length: count }, aPair));

/** Compares without printing what differs. */
export const isSame = (one: Material, other: Material): boolean =>
  one.privateKey.equals(other.privateKey) &&
  (one.passphrase && other.passphrase
    ? one.passphrase.equals(other.passphrase)
    : one.passphrase === other.passphrase) &&
  one.publicKey === other.publicKey &&
  one.fingerprint === other.fingerprint;

export const MATERIAL: Cases = {
  '14 what was put is read back, with a passphrase or without': async ({ store, another, key }) => {
    const encrypted = await aPair();
    const plain = await keys.generate('ed25519', false);
    const before = Date.now();
    expect(await store.putMaterial(key, 1, encrypted)).toBe('created');
    expect(await store.putMaterial(key, 2, plain)).toBe('created');
    const other = await another();
    expect(isSame(await other.readMaterial(key, 1), encrypted)).toBe(true);
    expect(isSame(await other.readMaterial(key, 2), plain)).toBe(true);
    const { createdAt, ...state } = await other.statMaterial(key, 1);
    expect(state).toEqual({ state: 'live', fingerprint: encrypted.fingerprint });
    // Some stores keep whole seconds.
    expect(createdAt?.getTime()).toBeGreaterThanOrEqual(before - 1000);
    expect(createdAt?.getTime()).toBeLessThanOrEqual(Date.now());
  },

  '15 the same again is same': async ({ store, another, key }) => {
    const pair = await aPair();
    await store.putMaterial(key, 1, pair);
    expect(await (await another()).putMaterial(key, 1, pair)).toBe('same');
  },

  '16 another pair is other, and the first one stays': async ({ store, key }) => {
    const [first, second] = (await pairs(2)) as [Material, Material];
    await store.putMaterial(key, 1, first);
    expect(await store.putMaterial(key, 1, second)).toBe('other');
    expect(isSame(await store.readMaterial(key, 1), first)).toBe(true);
  },

  '17 of twenty racers one creates, and all read its pair': async ({ store, another, key }) => {
    const stores = [store, await another()] as const;
    const offered = await pairs(20);
    const answers = await raced(stores, (each, racer) => each.putMaterial(key, 1, offered[racer] as Material));
    const winners = offered.filter((_, racer) => answers[racer] === 'created');
    expect(winners).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'other')).toHaveLength(19);
    const read = await Promise.all(stores.map((each) => each.readMaterial(key, 1)));
    expect(read.every((pair) => winners.every((winner) => isSame(pair, winner)))).toBe(true);
  },

  '18 the same pair put by twenty racers is created once, also when answers are lost': async ({
    store,
    another,
    key,
  }) => {
    const pair = await aPair();
    const stores = [store, await another()] as const;
    const answers = await raced(stores, (each) => each.putMaterial(key, 1, pair));
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'same')).toHaveLength(19);
  },

  '19 what was destroyed is not created again': async ({ store, another, key }) => {
    const [first, second] = (await pairs(2)) as [Material, Material];
    await store.putMaterial(key, 1, first);
    await store.retireMaterial(key, 1);
    await expect(store.putMaterial(key, 1, first)).rejects.toMatchObject({ code: 'gone' });
    await expect((await another()).putMaterial(key, 1, second)).rejects.toMatchObject({ code: 'gone' });
    expect((await store.statMaterial(key, 1)).state).toBe('retired');
  },

  '20 looking shows no private half': async ({ store, key }) => {
    const pair = await aPair();
    await store.putMaterial(key, 1, pair);
    await store.promote(key, { from: null, to: 1, apiKey: 'k1' });
    const seen = [
      await store.statMaterial(key, 1),
      await store.statCurrent(key),
      await store.listGenerations(key),
      await store.listKeys(),
    ];
    const printed = inspect(seen, { depth: null, showHidden: true });
    expect(printed.includes('PRIVATE KEY')).toBe(false);
    expect(printed.includes(pair.passphrase?.revealText() ?? 'PRIVATE KEY')).toBe(false);
    expect(seen[0]).not.toHaveProperty('privateKey');
  },

  '21 generations are listed with their gaps, ascending, without a record': async ({ store, another, key }) => {
    expect(await store.listGenerations(key)).toEqual([]);
    const [pair] = (await pairs(1)) as [Material];
    for (const generation of [10, 1, 3]) await store.putMaterial(key, generation, pair);
    expect(await (await another()).listGenerations(key)).toEqual([1, 3, 10]);
    expect(await store.statMaterial(key, 2)).toEqual({ state: 'absent' });
    await expect(store.readMaterial(key, 2)).rejects.toMatchObject({ code: 'not-found' });
  },

  '22 a public key that lost its fingerprint is corrupt': async ({ store, key }) => {
    const [pair, other] = (await pairs(2)) as [Material, Material];
    await store.putMaterial(key, 1, { ...pair, fingerprint: other.fingerprint });
    await expect(store.readMaterial(key, 1)).rejects.toMatchObject({ code: 'corrupt' });
  },

  '23 the largest algorithm fits': async ({ store, key }) => {
    const pair = await keys.generate('rsa-4096', true);
    await store.putMaterial(key, 1, pair);
    expect(isSame(await store.readMaterial(key, 1), pair)).toBe(true);
  },
};
