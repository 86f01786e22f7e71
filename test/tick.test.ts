import { describe, expect, it } from 'vitest';
import { memoryStore } from '../providers/stores/memory.ts';
import type { Key } from '../src/core/policy.ts';
import type { Sources } from '../src/gather.ts';
import { look, lookInParts } from '../src/tick.ts';
import { aKey, aSnapshot } from './build.ts';

/** Accounts whose keys stand far apart in the policies, more than one part of them. */
function manyKeys(accounts: number, each: number): Key[] {
  return Array.from({ length: accounts * each }, (_, index) => {
    const account = `account-${index % accounts}`;
    const id = `${account}/key-${index}`;
    return aKey({ id, account, name: `key-${index}`, storedAs: id });
  });
}

function sources(keysPerAccount: number): Sources {
  const { capabilities, proof, claimMargin } = aSnapshot();
  const store = memoryStore({ clock: { now: () => new Date() } });
  return {
    stores: ['local'],
    reader: async () => store,
    capabilities: () => ({ ...capabilities, limits: { ...capabilities.limits, keysPerAccount } }),
    proof: () => proof,
    claimMargin,
  };
}

describe('looking at many keys', () => {
  it('happens in parts that leave no account divided, so that its room is counted once', async () => {
    const keys = manyKeys(120, 10);
    const parts: Set<string>[] = [];
    for await (const { gathered } of lookInParts(sources(30), keys, new Date()))
      parts.push(new Set(gathered.map(({ key }) => key.account)));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(120);
  });

  it('decides for every key, and gives an account no more pairs than it has room for', async () => {
    const keys = manyKeys(120, 10);
    const { plan, gathered } = await look(sources(7), keys, new Date());
    expect(gathered.map(({ key }) => key.id)).toEqual(plan.keys.map(({ key }) => key));
    expect(plan.keys.map(({ key }) => key).sort()).toEqual(keys.map(({ id }) => id).sort());
    expect(plan.keys.filter(({ reason }) => reason === 'first-generation')).toHaveLength(120 * 7);
    expect(plan.keys.filter(({ reason }) => reason === 'venue-limit')).toHaveLength(120 * 3);
  });
});
