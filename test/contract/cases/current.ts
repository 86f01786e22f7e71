import { expect } from 'vitest';
import type { KeyId, Material, Store } from '../../../src/ports/store.ts';
import type { Cases } from '../store-suite.ts';
import { isSame, pairs } from './material.ts';
import { raced } from './racers.ts';

/** Generations 1 … count with material; the answer is indexed by generation. */
async function stocked(store: Store, key: KeyId, count: number): Promise<Map<number, Material>> {
  const stock = new Map((await pairs(count)).map((pair, index) => [index + 1, pair]));
  await Promise.all([...stock].map(([generation, pair]) => store.putMaterial(key, generation, pair)));
  return stock;
}

const move = (from: number | null, to: number) => ({ from, to, apiKey: `key-id-${to}` });

export const CURRENT: Cases = {
  '24 the first promotion starts from nothing': async ({ store, another, key }) => {
    await stocked(store, key, 1);
    expect(await store.statCurrent(key)).toBeNull();
    expect(await store.promote(key, move(null, 1))).toBe('moved');
    expect(await (await another()).statCurrent(key)).toBe(1);
  },

  '25 a promotion moves from one generation to the next': async ({ store, another, key }) => {
    await stocked(store, key, 2);
    await store.promote(key, move(null, 1));
    expect(await (await another()).promote(key, move(1, 2))).toBe('moved');
    expect(await store.statCurrent(key)).toBe(2);
  },

  '26 the same promotion again has already happened': async ({ store, another, key }) => {
    await stocked(store, key, 2);
    await store.promote(key, move(null, 1));
    await store.promote(key, move(1, 2));
    expect(await store.promote(key, move(1, 2))).toBe('already');
    expect(await (await another()).promote(key, move(1, 2))).toBe('already');
  },

  '27 a promotion from what is not current conflicts': async ({ store, key }) => {
    await stocked(store, key, 3);
    await expect(store.promote(key, move(1, 2))).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.statCurrent(key)).toBeNull();
    await store.promote(key, move(null, 1));
    for (const from of [null, 3]) {
      await expect(store.promote(key, move(from, 2))).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(await store.statCurrent(key)).toBe(1);
  },

  '28 what is not there, or destroyed, is not promoted': async ({ store, key }) => {
    await stocked(store, key, 2);
    await store.promote(key, move(null, 1));
    await store.retireMaterial(key, 2);
    await expect(store.promote(key, move(1, 2))).rejects.toMatchObject({ code: 'gone' });
    await expect(store.promote(key, move(1, 3))).rejects.toMatchObject({ code: 'not-found' });
    expect(await store.statCurrent(key)).toBe(1);
  },

  '29 readers see one whole key or the other, and never go back': async ({ store, another, key }) => {
    const stock = await stocked(store, key, 6);
    await store.promote(key, move(null, 1));
    const reader = await another();
    const last = stock.size;
    const read = async () => {
      const seen: number[] = [];
      while (seen.at(-1) !== last) {
        const generation = (await reader.statCurrent(key)) ?? 0;
        const expected = stock.get(generation);
        seen.push(generation);
        if (!expected || !isSame(await reader.readMaterial(key, generation), expected))
          throw new Error(`no whole key: ${generation}`);
      }
      return seen;
    };
    const write = async () => {
      for (let generation = 1; generation < last; generation += 1)
        await store.promote(key, move(generation, generation + 1));
    };
    const [first, second] = await Promise.all([read(), read(), write()]);
    for (const seen of [first, second]) expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  },

  '30 of twenty racers to one generation one moves, the others find it done': async ({ store, another, key }) => {
    await stocked(store, key, 2);
    await store.promote(key, move(null, 1));
    const stores = [store, await another()] as const;
    const answers = await raced(stores, (each) => each.promote(key, move(1, 2)));
    expect(answers.filter((answer) => answer === 'moved')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'already')).toHaveLength(19);
    expect(await store.statCurrent(key)).toBe(2);
  },

  '31 of two racers to different generations one conflicts': async ({ store, another, key }) => {
    await stocked(store, key, 3);
    await store.promote(key, move(null, 1));
    const [toSecond, toThird] = await Promise.allSettled([
      store.promote(key, move(1, 2)),
      (await another()).promote(key, move(1, 3)),
    ]);
    const [won, lost, current] = toSecond.status === 'fulfilled' ? [toSecond, toThird, 2] : [toThird, toSecond, 3];
    expect(won).toMatchObject({ status: 'fulfilled', value: 'moved' });
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } });
    expect(await store.statCurrent(key)).toBe(current);
  },

  '32 what is next is not what consumers read, the very first one included': async ({ store, key }) => {
    const [first, second] = (await pairs(2)) as [Material, Material];
    await store.putMaterial(key, 1, first);
    expect(await store.statCurrent(key)).toBeNull();
    await store.promote(key, move(null, 1));
    await store.putMaterial(key, 2, second);
    expect(await store.statCurrent(key)).toBe(1);
  },

  '33 a promotion can be taken back': async ({ store, another, key }) => {
    await stocked(store, key, 2);
    await store.promote(key, move(null, 1));
    await store.promote(key, move(1, 2));
    expect(await store.promote(key, move(2, 1))).toBe('moved');
    expect(await (await another()).statCurrent(key)).toBe(1);
    expect(await store.promote(key, move(2, 1))).toBe('already');
  },

  '60 a second key id beside one generation is refused': async ({ store, another, key }) => {
    await stocked(store, key, 2);
    await store.promote(key, move(null, 1));
    await store.promote(key, move(1, 2));
    const other = await another();
    await expect(other.promote(key, { from: 1, to: 2, apiKey: 'another' })).rejects.toMatchObject({ code: 'refused' });
    await expect(other.promote(key, { from: 2, to: 1, apiKey: 'another' })).rejects.toMatchObject({ code: 'refused' });
    expect(await store.statCurrent(key)).toBe(2);
  },
};
