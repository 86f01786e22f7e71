import { expect } from 'vitest';
import type { Material } from '../../../src/ports/store.ts';
import type { Cases } from '../store-suite.ts';
import { aPair, isSame, pairs } from './material.ts';
import { raced } from './racers.ts';

export const RETIRE: Cases = {
  '34 what consumers read is not destroyed': async ({ store, another, key }) => {
    const pair = await aPair();
    await store.putMaterial(key, 1, pair);
    await store.promote(key, { from: null, to: 1, apiKey: 'k1' });
    await expect((await another()).retireMaterial(key, 1)).rejects.toMatchObject({ code: 'refused' });
    expect(isSame(await store.readMaterial(key, 1), pair)).toBe(true);
  },

  '36 a destroyed generation stays as a tombstone': async ({ store, another, key }) => {
    const pair = await aPair();
    await store.putMaterial(key, 1, pair);
    expect(await store.retireMaterial(key, 1)).toBe(store.capabilities.erasure);
    const other = await another();
    expect(await other.statMaterial(key, 1)).toMatchObject({ state: 'retired', fingerprint: pair.fingerprint });
    expect(await other.listGenerations(key)).toEqual([1]);
    expect(await other.listKeys()).toContain(key);
  },

  '37 destroying may be repeated and raced': async ({ store, another, key }) => {
    await store.putMaterial(key, 1, await aPair());
    const stores = [store, await another()] as const;
    const answers = await raced(stores, (each) => each.retireMaterial(key, 1));
    expect(answers).toContain(store.capabilities.erasure);
    expect(await store.retireMaterial(key, 1)).toBe('already');
    expect(await stores[1].retireMaterial(key, 1)).toBe('already');
  },

  '39 a destroyed private half is readable for nobody, the current one for all': async ({ store, another, key }) => {
    const [first, second] = (await pairs(2)) as [Material, Material];
    await store.putMaterial(key, 1, first);
    await store.promote(key, { from: null, to: 1, apiKey: 'k1' });
    await store.putMaterial(key, 2, second);
    await store.promote(key, { from: 1, to: 2, apiKey: 'k2' });
    await store.retireMaterial(key, 1);
    for (const each of [store, await another()]) {
      await expect(each.readMaterial(key, 1)).rejects.toMatchObject({ code: 'gone' });
      expect(isSame(await each.readMaterial(key, 2), second)).toBe(true);
      expect(await each.statCurrent(key)).toBe(2);
    }
  },

  '73 what was withdrawn is read by nobody, and may then be destroyed': async ({ store, another, key }) => {
    await store.putMaterial(key, 1, await aPair());
    await store.promote(key, { from: null, to: 1, apiKey: 'k1' });
    const other = await another();
    expect(await other.withdraw(key, 2)).toBe('already');
    expect(await other.withdraw(key, 1)).toBe('withdrawn');
    expect(await store.withdraw(key, 1)).toBe('already');
    expect(await store.statCurrent(key)).toBeNull();
    expect((await store.examine()).filter((finding) => finding.key === key)).toEqual([]);
    expect(await store.retireMaterial(key, 1)).toBe(store.capabilities.erasure);
    await expect(other.readMaterial(key, 1)).rejects.toMatchObject({ code: 'gone' });
  },

  '61 evidence is written once': async ({ store, another, key }) => {
    expect(await store.readEvidence(key, 1)).toBeNull();
    expect(await store.putEvidence(key, 1, 'seen dead\n')).toBe('created');
    const other = await another();
    expect(await other.putEvidence(key, 1, 'seen dead\n')).toBe('same');
    expect(await other.putEvidence(key, 1, 'seen alive\n')).toBe('other');
    expect(await other.putEvidence(key, 2, 'another one\n')).toBe('created');
    expect(await store.readEvidence(key, 1)).toBe('seen dead\n');
  },

  '62 of twenty racers one writes the evidence': async ({ store, another, key }) => {
    const stores = [store, await another()] as const;
    const answers = await raced(stores, (each, racer) => each.putEvidence(key, 1, `by ${racer}`));
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(1);
    expect(await store.readEvidence(key, 1)).toBe(`by ${answers.indexOf('created')}`);
  },

  '63 keys are listed once each, sorted, whether they have a record or material': async ({ store, another, key }) => {
    await store.writeRecord(`${key}-b`, 'record', 'absent');
    await store.putMaterial(`${key}-a`, 1, await aPair());
    await store.putMaterial(`${key}-b`, 1, await aPair());
    const listed = (await (await another()).listKeys()).filter((each) => each.startsWith(key));
    expect(listed).toEqual([`${key}-a`, `${key}-b`]);
    expect(await store.listKeys()).toEqual((await store.listKeys()).toSorted());
  },

  '66 a private half that is being destroyed is read whole, or is gone': async ({ store, another, key }) => {
    const other = await another();
    const readUntilGone = async (generation: number, pair: Material): Promise<void> => {
      for (;;) {
        const read = await other.readMaterial(key, generation).catch((error: unknown) => error);
        if (read instanceof Error) return expect(read).toMatchObject({ code: 'gone' });
        expect(isSame(read as Material, pair)).toBe(true);
      }
    };
    for (const [index, pair] of (await pairs(10)).entries()) {
      const generation = index + 1;
      await store.putMaterial(key, generation, pair);
      const readers = Array.from({ length: 8 }, () => readUntilGone(generation, pair));
      await store.retireMaterial(key, generation);
      await Promise.all(readers);
    }
  },

  '64 the store finds nothing wrong with itself': async ({ store }) => {
    await expect(store.check('material')).resolves.toBeUndefined();
  },

  '65 examining names no fault of a sound key, and tidying leaves it as it is': async ({ store, another, key }) => {
    const pair = await aPair();
    await store.putMaterial(key, 1, pair);
    await store.promote(key, { from: null, to: 1, apiKey: 'key-id-1' });
    expect((await store.examine()).filter((finding) => finding.key === key)).toEqual([]);
    expect(await (await another()).tidy(key)).toEqual([]);
    expect(await store.statCurrent(key)).toBe(1);
    expect(isSame(await store.readMaterial(key, 1), pair)).toBe(true);
  },
};
