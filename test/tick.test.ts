import { describe, expect, it } from 'vitest';
import { memoryStore } from '../providers/stores/memory.ts';
import type { Key } from '../src/core/policy.ts';
import type { Sources } from '../src/gather.ts';
import { look, lookByAccount, pass } from '../src/tick.ts';
import { aGeneration, aKey, aRecord, aSnapshot } from './build.ts';

/** Accounts whose keys stand far apart in the policies. */
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
  it('happens an account at a time, whose keys share its room', async () => {
    const accounts: string[][] = [];
    for await (const { gathered } of lookByAccount(sources(30), manyKeys(120, 10), new Date()))
      accounts.push(gathered.map(({ key }) => key.account));
    expect(accounts).toHaveLength(120);
    for (const account of accounts) expect(account).toEqual(Array(10).fill(account[0]));
  });

  it('reads few accounts ahead, so that memory stays flat', async () => {
    const quiet = sources(30);
    let read = 0;
    const counting: Sources = {
      ...quiet,
      async reader(name) {
        read += 1;
        return quiet.reader(name);
      },
    };
    let seen = 0;
    for await (const { gathered } of lookByAccount(counting, manyKeys(120, 10), new Date())) {
      expect(read - seen).toBeLessThan(60);
      seen += gathered.length;
    }
    expect(read).toBe(1200);
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

describe('a record that vanishes in the middle of a pass', () => {
  it('makes no new key of its key', async () => {
    const key = aKey();
    const next = aGeneration(1, 'stored');
    const stored = {
      text: JSON.stringify(aRecord({ roles: { next }, next: 1, last: 1, key: key.storedAs })),
      revision: 1,
    };
    const answers = [stored, null];
    const there = sources(30);
    const reader = { ...(await there.reader('local')), readRecord: async () => answers.shift() ?? null };
    const vanishing = { ...there, reader: async () => reader };
    const acted: string[] = [];
    const [report] = await pass(
      {
        sources: vanishing,
        clock: { now: () => new Date() },
        act: async (_gathered, action) => {
          acted.push(action);
          return { outcome: 'done', reason: 'registered', message: '' };
        },
      },
      await look(vanishing, [key], new Date()),
    );
    expect(acted).toEqual(['register']);
    expect(report?.decision).toMatchObject({
      action: null,
      reason: 'record-lost',
      message: expect.stringMatching(/has vanished/),
    });
  });
});
