import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inAccountsOf, keysOfShard } from '../../src/core/shard.ts';

const someKeys = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'a-1', 'a.1', 'b', 'c'), fc.integer({ min: 0, max: 99 })), {
    selector: String,
  })
  .map((pairs) => pairs.map(([account, name]) => ({ id: `${account}/${name}`, account })));
const someCount = fc.integer({ min: 1, max: 12 });

const shardsOf = (keys: { id: string }[], count: number) =>
  Array.from({ length: count }, (_, index) => [...keysOfShard(keys, { index, count })]);

describe('the shards of any keys', () => {
  it('have each key once', () => {
    fc.assert(
      fc.property(someKeys, someCount, (keys, count) => {
        expect(shardsOf(keys, count).flat().sort()).toEqual(keys.map(({ id }) => id).sort());
      }),
    );
  });

  it('are as large as each other, give or take one', () => {
    fc.assert(
      fc.property(someKeys, someCount, (keys, count) => {
        const sizes = shardsOf(keys, count).map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are the same in whatever order the policies are read', () => {
    fc.assert(
      fc.property(someKeys, someCount, (keys, count) => {
        expect(shardsOf(keys.toReversed(), count)).toEqual(shardsOf(keys, count));
      }),
    );
  });

  it('look together at few accounts twice', () => {
    fc.assert(
      fc.property(someKeys, someCount, (keys, count) => {
        const looked = shardsOf(keys, count).map(
          (ids) => new Set(inAccountsOf(keys, new Set(ids)).map((each) => each.account)),
        );
        const accounts = new Set(keys.map(({ account }) => account));
        const visits = looked.reduce((sum, { size }) => sum + size, 0);
        expect(visits).toBeLessThan(accounts.size + count);
      }),
    );
  });
});

it('a shard looks at whole accounts, whose room all of their keys share', () => {
  const keys = ['a/1', 'a/2', 'b/1', 'c/1'].map((id) => ({ id, account: id.slice(0, 1) }));
  const second = keysOfShard(keys, { index: 1, count: 4 });
  expect([...second]).toEqual(['a/2']);
  expect(inAccountsOf(keys, second).map(({ id }) => id)).toEqual(['a/1', 'a/2']);
});
