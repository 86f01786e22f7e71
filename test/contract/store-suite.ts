import { afterAll, beforeAll, describe, it } from 'vitest';
import type { KeyId, Store } from '../../src/ports/store.ts';
import { CURRENT } from './cases/current.ts';
import { MATERIAL } from './cases/material.ts';
import { PASSPHRASES } from './cases/passphrases.ts';
import { RECORD } from './cases/record.ts';
import { RETIRE } from './cases/retire.ts';

/**
 * What every store promises (src/ports/store.ts), written once. Numbers up to 40 are those of the contract; those from 60
 * on are what the port adds. Not here, because a store cannot show it alone: 35 (steps know what is next, a store does not
 * read records), 38 and 40 (stops and lagging answers belong to the tests of one provider).
 */

/** What one case works with: a key nobody else uses, and the same store as two workers hold it. */
export interface Given {
  key: KeyId;
  store: Store;
  another: () => Promise<Store>;
}

export type Cases = Readonly<Record<string, (given: Given) => Promise<void>>>;

export interface OpenStore {
  store: Store;
  /** The same store once more, as another worker opens it. */
  another: () => Promise<Store>;
  /** Leaves nothing behind. */
  close: () => Promise<void>;
}

export interface StoreUnderTest {
  open: () => Promise<OpenStore>;
  /** Numbers of cases this store cannot pass, each with the reason, which the title of the skipped case shows. */
  skip?: Readonly<Record<string, string>>;
}

const CHAPTERS = {
  records: RECORD,
  material: MATERIAL,
  'what consumers read': CURRENT,
  'destroying and evidence': RETIRE,
  'passphrases of keys elsewhere': PASSPHRASES,
};

export function describeStore(name: string, { open, skip = {} }: StoreUnderTest): void {
  describe(`${name} keeps the store contract`, () => {
    let opened: OpenStore | undefined;
    const openedStore = (): OpenStore => {
      if (opened) return opened;
      throw new Error('the store was not opened');
    };
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());

    for (const [chapter, cases] of Object.entries(CHAPTERS)) {
      describe(chapter, () => {
        for (const [title, run] of Object.entries(cases)) {
          const number = title.slice(0, 2);
          const reason = skip[number];
          if (reason === undefined) it(title, () => run({ ...openedStore(), key: `contract/case-${number}` }));
          else it.skip(`${title} (skipped: ${reason})`);
        }
      });
    }
  });
}
