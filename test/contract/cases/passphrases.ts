import { expect } from 'vitest';
import { Secret } from '../../../src/secret.ts';
import type { Cases } from '../store-suite.ts';
import { raced } from './racers.ts';

/** Passphrases of keys that lie in another store. */

export const PASSPHRASES: Cases = {
  '67 a passphrase is read back as it was put': async ({ store, another, key }) => {
    const passphrase = new Secret('Grüße, "quoted" and spaced ');
    expect(await store.passphrases.put(key, 1, passphrase)).toBe('created');
    expect((await (await another()).passphrases.read(key, 1)).equals(passphrase)).toBe(true);
  },

  '68 the same again is same, another one is other, and the first stays': async ({ store, another, key }) => {
    const [first, second] = [new Secret('first'), new Secret('second')];
    await store.passphrases.put(key, 1, first);
    expect(await (await another()).passphrases.put(key, 1, first)).toBe('same');
    expect(await store.passphrases.put(key, 1, second)).toBe('other');
    expect((await store.passphrases.read(key, 1)).equals(first)).toBe(true);
  },

  '69 of twenty racers one puts its passphrase, and all read it': async ({ store, another, key }) => {
    const stores = [store, await another()] as const;
    const offered = Array.from({ length: 20 }, (_, racer) => new Secret(`passphrase ${racer}`));
    const answers = await raced(stores, (each, racer) => each.passphrases.put(key, 1, offered[racer] as Secret));
    const winners = offered.filter((_, racer) => answers[racer] === 'created');
    expect(winners).toHaveLength(1);
    for (const each of stores) expect((await each.passphrases.read(key, 1)).equals(winners[0] as Secret)).toBe(true);
  },

  '70 one that never was is not found, and retiring it does nothing': async ({ store, key }) => {
    await expect(store.passphrases.read(key, 1)).rejects.toMatchObject({ code: 'not-found' });
    expect(await store.passphrases.retire(key, 1)).toBe('already');
    expect(await store.passphrases.put(key, 1, new Secret('x'))).toBe('created');
  },

  '71 a retired one is gone, and never comes back': async ({ store, another, key }) => {
    await store.passphrases.put(key, 1, new Secret('x'));
    expect(['erased', 'detached']).toContain(await store.passphrases.retire(key, 1));
    const other = await another();
    expect(await other.passphrases.retire(key, 1)).toBe('already');
    await expect(other.passphrases.read(key, 1)).rejects.toMatchObject({ code: 'gone' });
    await expect(store.passphrases.put(key, 1, new Secret('x'))).rejects.toMatchObject({ code: 'gone' });
  },

  '72 passphrases alone are no key': async ({ store, key }) => {
    await store.passphrases.put(key, 1, new Secret('x'));
    expect(await store.listKeys()).not.toContain(key);
    expect(await store.listGenerations(key)).toEqual([]);
  },
};
