import { beforeEach, describe, expect, it } from 'vitest';
import { nodeKeys } from '../../providers/keys.ts';
import { memoryStore } from '../../providers/stores/memory.ts';
import { splitCustody } from '../../providers/stores/split.ts';
import { systemClock } from '../../src/clock.ts';
import { KeyturnError } from '../../src/errors.ts';
import type { Material, Store } from '../../src/ports/store.ts';
import { raced } from '../contract/cases/racers.ts';

/** Two keys to one lock: the key here, its passphrase there, and every half-done state of the two. */

const KEY = 'desk/spot';
const keys = nodeKeys();

let keyStore: Store;
let passphraseStore: Store;
let split: Store;

const open = () => splitCustody(keyStore, { home: passphraseStore, elsewhere: async () => [] });
const aPair = () => keys.generate('ed25519', true);
const signs = (material: Material): boolean => keys.signer(material).sign(Buffer.from('x')).length === 64;

beforeEach(() => {
  keyStore = memoryStore({ clock: systemClock });
  passphraseStore = memoryStore({ clock: systemClock });
  split = open();
});

describe('whoever reads one store alone cannot sign', () => {
  it('with the key alone', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    const alone = await keyStore.readMaterial(KEY, 1);
    expect(alone.passphrase).toBeNull();
    expect(() => keys.signer(alone)).toThrow(/does not open/);
  });

  it('with the passphrase alone there is nothing to open', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    expect(await passphraseStore.listGenerations(KEY)).toEqual([]);
  });

  it('with both it signs', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    expect(signs(await split.readMaterial(KEY, 1))).toBe(true);
  });
});

describe('a stop', () => {
  it('after the passphrase, before the key: the next worker’s key is locked under the one that is there', async () => {
    const lost = await aPair();
    if (lost.passphrase) await passphraseStore.passphrases.put(KEY, 1, lost.passphrase);
    const pair = await aPair();
    expect(await split.putMaterial(KEY, 1, pair)).toBe('created');
    const read = await split.readMaterial(KEY, 1);
    expect(read.fingerprint).toBe(pair.fingerprint);
    expect(lost.passphrase && read.passphrase?.equals(lost.passphrase)).toBe(true);
    expect(signs(read)).toBe(true);
  });

  it('after the key was retired, before its passphrase: retiring again erases that, too', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    await keyStore.retireMaterial(KEY, 1);
    expect(await split.retireMaterial(KEY, 1)).toBe('erased');
    await expect(passphraseStore.passphrases.read(KEY, 1)).rejects.toMatchObject({ code: 'gone' });
    expect(await split.retireMaterial(KEY, 1)).toBe('already');
  });
});

it('tidying reaches both stores', async () => {
  const tidied = (store: Store, said: string): Store => ({ ...store, tidy: async () => [said] });
  const [here, there] = [tidied(keyStore, 'the key'), tidied(passphraseStore, 'its passphrase')];
  const both = splitCustody(here, { home: there, elsewhere: async () => [] });
  expect(await both.tidy(KEY)).toEqual(['the key', 'its passphrase']);
});

it('twenty workers at once leave one pair that its one passphrase opens', async () => {
  const offered = await Promise.all(Array.from({ length: 20 }, aPair));
  const answers = await raced([split, open()], (each, racer) => each.putMaterial(KEY, 1, offered[racer] as Material));
  expect(answers.filter((answer) => answer === 'created')).toHaveLength(1);
  expect(signs(await split.readMaterial(KEY, 1))).toBe(true);
});

describe('a policy that says otherwise since', () => {
  it('finds the passphrase of an older generation where it was kept, and erases it there', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    const together = splitCustody(keyStore, { home: null, elsewhere: async () => [passphraseStore] });
    expect(signs(await together.readMaterial(KEY, 1))).toBe(true);
    await together.putMaterial(KEY, 2, await aPair());
    expect((await keyStore.readMaterial(KEY, 2)).passphrase).not.toBeNull();
    await together.retireMaterial(KEY, 1);
    await expect(passphraseStore.passphrases.read(KEY, 1)).rejects.toMatchObject({ code: 'gone' });
  });

  it('erases a passphrase in a store that was named before the present one', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    const present = memoryStore({ clock: systemClock });
    const moved = splitCustody(keyStore, { home: present, elsewhere: async () => [passphraseStore] });
    expect(await moved.retireMaterial(KEY, 1)).toBe('erased');
    await expect(passphraseStore.passphrases.read(KEY, 1)).rejects.toMatchObject({ code: 'gone' });
  });

  it('completes after a stop between the key and its passphrase', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    await keyStore.retireMaterial(KEY, 1);
    const together = splitCustody(keyStore, { home: null, elsewhere: async () => [passphraseStore] });
    expect(await together.retireMaterial(KEY, 1)).toBe('erased');
    await expect(passphraseStore.passphrases.read(KEY, 1)).rejects.toMatchObject({ code: 'gone' });
    expect(await together.retireMaterial(KEY, 1)).toBe('already');
  });

  it('retires nothing while it cannot see whether there is a passphrase elsewhere', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    const silent: Store = {
      ...keyStore,
      readMaterial: async () => {
        throw new KeyturnError('unavailable', 'no answer');
      },
    };
    const together = splitCustody(silent, { home: null, elsewhere: async () => [passphraseStore] });
    await expect(together.retireMaterial(KEY, 1)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await keyStore.statMaterial(KEY, 1)).toMatchObject({ state: 'live' });
  });

  it('finds the passphrase beside the key of an older generation', async () => {
    await keyStore.putMaterial(KEY, 1, await aPair());
    expect(signs(await split.readMaterial(KEY, 1))).toBe(true);
  });

  it('says so where no configured store has it', async () => {
    await split.putMaterial(KEY, 1, await aPair());
    const alone = splitCustody(keyStore, { home: null, elsewhere: async () => [] });
    await expect(alone.readMaterial(KEY, 1)).rejects.toMatchObject({
      code: 'not-found',
      message: 'no configured store has the passphrase of generation 1 of desk/spot',
    });
  });
});
