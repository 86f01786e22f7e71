import { expect } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { KeyturnError } from '../../../src/errors.ts';
import type { Store } from '../../../src/ports/store.ts';
import { readRecord, writeRecord } from '../../../src/records.ts';
import { aRecord } from '../../build.ts';
import type { Cases } from '../store-suite.ts';
import { raced } from './racers.ts';

/** The store over a line that breaks once: after its first write was applied, or before. */
function overBrokenLine(store: Store, broken: 'after' | 'before'): Store {
  let first = true;
  return {
    ...store,
    async writeRecord(...write) {
      if (!first) return store.writeRecord(...write);
      first = false;
      if (broken === 'after') await store.writeRecord(...write);
      throw new KeyturnError('unavailable', 'the line broke', { ambiguous: true });
    },
  };
}

/** Different texts against one revision; answers those that won. */
async function race(stores: readonly [Store, Store], key: string, expected: number | 'absent'): Promise<string[]> {
  const answers = await raced(stores, async (store, racer) => {
    const text = `racer ${racer} after ${expected}`;
    return store.writeRecord(key, text, expected).then(
      () => text,
      (error: unknown) => error,
    );
  });
  const [winners, losers] = [
    answers.filter((answer) => typeof answer === 'string'),
    answers.filter((answer) => typeof answer !== 'string'),
  ];
  for (const loser of losers) expect(loser).toMatchObject({ code: 'conflict' });
  return winners;
}

export const RECORD: Cases = {
  '01 an absent record is null': async ({ store, key }) => {
    expect(await store.readRecord(key)).toBeNull();
  },

  '02 the first write makes revision 1': async ({ store, another, key }) => {
    expect(await store.writeRecord(key, 'one', 'absent')).toBe(1);
    expect(await (await another()).readRecord(key)).toEqual({ text: 'one', revision: 1 });
  },

  '03 a second first write conflicts': async ({ store, another, key }) => {
    await store.writeRecord(key, 'one', 'absent');
    await expect((await another()).writeRecord(key, 'other', 'absent')).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.readRecord(key)).toEqual({ text: 'one', revision: 1 });
  },

  '04 a write against the newest revision makes the next': async ({ store, another, key }) => {
    await store.writeRecord(key, 'one', 'absent');
    expect(await (await another()).writeRecord(key, 'two', 1)).toBe(2);
    expect(await store.readRecord(key)).toEqual({ text: 'two', revision: 2 });
  },

  '05 a write against any other revision conflicts and changes nothing': async ({ store, key }) => {
    await expect(store.writeRecord(key, 'no', 1)).rejects.toMatchObject({ code: 'conflict' });
    await store.writeRecord(key, 'one', 'absent');
    await store.writeRecord(key, 'two', 1);
    await expect(store.writeRecord(key, 'stale', 1)).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.writeRecord(key, 'ahead', 3)).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.readRecord(key)).toEqual({ text: 'two', revision: 2 });
  },

  '06 of twenty racers one wins': async ({ store, another, key }) => {
    const stores = [store, await another()] as const;
    for (const expected of ['absent', 1, 2] as const) {
      const winners = await race(stores, key, expected);
      expect(winners).toHaveLength(1);
      expect((await store.readRecord(key))?.text).toBe(winners[0]);
    }
  },

  '07 an answer lost after the write is found again by its write id': async ({ store, key }) => {
    const written = await writeRecord(overBrokenLine(store, 'after'), systemClock, null, aRecord({ roles: {}, key }));
    expect(await readRecord(store, key)).toEqual(written);
    expect(await writeRecord(store, systemClock, written, written)).toMatchObject({ revision: 2 });
  },

  '08 a write lost on the way is made once when repeated': async ({ store, key }) => {
    const line = overBrokenLine(store, 'before');
    const draft = aRecord({ roles: {}, key });
    await expect(writeRecord(line, systemClock, null, draft)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await readRecord(store, key)).toBeNull();
    await writeRecord(line, systemClock, null, draft);
    expect(await store.readRecord(key)).toMatchObject({ revision: 1 });
  },

  '09 the revision inside the record is the one of the store': async ({ store, key }) => {
    let record = await writeRecord(store, systemClock, null, aRecord({ roles: {}, key }));
    record = await writeRecord(store, systemClock, record, record);
    expect(await store.readRecord(key)).toMatchObject({ revision: record.revision });
    await store.writeRecord(key, JSON.stringify(record), record.revision);
    await expect(readRecord(store, key)).rejects.toMatchObject({ code: 'corrupt' });
  },

  '10 a text that is no record is corrupt, and kept as it is': async ({ store, key }) => {
    await store.writeRecord(key, '{"v":1', 'absent');
    await expect(readRecord(store, key)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await store.readRecord(key)).toEqual({ text: '{"v":1', revision: 1 });
  },

  '11 the largest text fits, one byte more is refused before it is sent': async ({ store, key }) => {
    const { maxRecordBytes } = store.capabilities;
    expect(maxRecordBytes).toBeGreaterThanOrEqual(16 * 1024);
    const largest = 'é'.repeat(maxRecordBytes / 2);
    await store.writeRecord(key, largest, 'absent');
    await expect(store.writeRecord(key, `${largest}.`, 1)).rejects.toMatchObject({ code: 'quota' });
    expect(await store.readRecord(key)).toEqual({ text: largest, revision: 1 });
  },

  '12 instants of successive records do not run backwards': async ({ store, another, key }) => {
    const first = await writeRecord(store, systemClock, null, aRecord({ roles: {}, key }));
    const second = await writeRecord(await another(), systemClock, first, first);
    expect((await readRecord(store, key))?.writtenAt).toBe(second.writtenAt);
    expect(second.writtenAt >= first.writtenAt).toBe(true);
  },

  '13 every character and digit survives': async ({ store, key }) => {
    const text = '{"n":9007199254740993,"s":"ключ 鍵 𝄞 \u2028 \\u0000 é e\u0301"}\r\n\n';
    await store.writeRecord(key, text, 'absent');
    expect((await store.readRecord(key))?.text).toBe(text);
  },
};
