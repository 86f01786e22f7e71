import type { Key, KeyId } from './policy.ts';

/** Where several workers share the keys, each takes a part of them. */

export interface Shard {
  /** From 0 to `count` - 1. */
  index: number;
  count: number;
}

/**
 * Its keys: of all, in the order of their names, an even part. So all have the same to do, and hardly an account belongs to two
 * workers, who would both look at all of its keys and share its room.
 */
export function keysOfShard(keys: readonly Pick<Key, 'id'>[], { index, count }: Shard): ReadonlySet<KeyId> {
  const ids = keys.map(({ id }) => id).sort();
  const start = (part: number) => Math.floor((part * ids.length) / count);
  return new Set(ids.slice(start(index), start(index + 1)));
}

/** Every key of the accounts that these keys belong to. */
export function inAccountsOf<K extends Pick<Key, 'id' | 'account'>>(keys: readonly K[], ids: ReadonlySet<KeyId>): K[] {
  const accounts = new Set(keys.filter(({ id }) => ids.has(id)).map(({ account }) => account));
  return keys.filter(({ account }) => accounts.has(account));
}
