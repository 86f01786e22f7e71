import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecord } from '../../src/records.ts';
import { attest } from '../../src/steps/attest.ts';
import { rollback } from '../../src/steps/rollback.ts';
import { keyNamed, toolsFor } from '../../src/workspace.ts';
import { aWorld, KEY, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

/** Generation 1 is current; with `overlap`, generation 2 is, and 1 still lives. */
async function established(overlap = false): Promise<void> {
  await world.apply();
  await world.registers();
  await world.apply();
  if (!overlap) return;
  world.forward({ days: 29 });
  await world.apply();
  await world.registers();
  await world.apply();
}

async function tools() {
  const key = keyNamed(world.workspace.keys, KEY);
  const opened = await toolsFor(world.workspace, key, 'maria@desk');
  return { opened, record: await readRecord(opened.store, KEY) };
}
const goBack = async (reason = 'orders are refused') => {
  const { opened, record } = await tools();
  return rollback(opened, record, reason);
};
const closes = async (reason = 'seen gone on the page') => {
  const { opened, record } = await tools();
  return attest(opened, record, reason);
};
const consumerReads = (name: string): string =>
  readFileSync(join(world.folder, '.keyturn/store', KEY, 'current', name), 'utf8');

describe('a rollback during the overlap', () => {
  it('gives consumers the previous key again, and takes the other one out', async () => {
    await established();
    const before = consumerReads('api-key.txt');
    world.forward({ days: 29 });
    await world.apply();
    await world.registers();
    await world.apply();
    expect(consumerReads('api-key.txt')).not.toBe(before);

    expect(await goBack()).toMatchObject({ outcome: 'done', message: 'consumers read generation 1 from now on' });
    expect(consumerReads('api-key.txt')).toBe(before);
    expect(await world.status()).toMatchObject({ current: { generation: 1 }, previous: { generation: 2 } });
    expect(await world.apply()).toEqual(['overlap']);

    world.forward({ hours: 25 });
    expect(await world.apply()).toEqual([
      'revoke waiting deletion-asked',
      'prove waiting still-works',
      'waiting-for-deletion',
    ]);
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    expect(await world.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed', 'rolled-back']);
  });

  it('asked for again changes nothing: consumers are not moved to what was taken out', async () => {
    await established(true);
    await goBack();
    const { revision } = await world.record();
    expect(await goBack()).toMatchObject({
      message: /^consumers read generation 1 already: it was brought back 2026-/,
    });
    expect(await world.record()).toMatchObject({ revision, current: 1 });
  });

  it('leaves a generation that leaked after it was brought back', async () => {
    await established(true);
    await goBack();
    await world.rotate({ reason: 'seen in a log', compromised: 'current' });
    expect(await goBack()).toMatchObject({ message: 'consumers read generation 2 from now on' });
  });

  it('holds for seven days, then the key, long due, is rotated; or at once when somebody asks', async () => {
    await established(true);
    await goBack();
    world.forward({ hours: 25 });
    await world.apply();
    await world.deletes();
    await world.apply();
    world.forward({ minutes: 11 });
    expect((await world.apply()).at(-1)).toBe('rolled-back');
    const { record } = await tools();
    await world.rotate({ reason: 'found it', compromised: null });
    expect((await world.apply())[0]).toBe('generate done generated');
    expect(record?.generations[0]?.evidence.map(({ event, by }) => `${event} ${by}`)).toContain(
      'rollback-asked maria@desk',
    );
  });

  it('after a week nothing holds it back', async () => {
    await established(true);
    await goBack();
    world.forward({ hours: 25 });
    await world.apply();
    await world.deletes();
    await world.apply();
    world.forward({ days: 8 });
    expect(await world.apply()).toEqual([
      'prove done proven-dead',
      'destroy done destroyed',
      'generate done generated',
      'register waiting registration-asked',
      'waiting-for-registration',
    ]);
  });

  it('that was stopped half-way is completed by the next pass', async () => {
    await established(true);
    const { opened, record } = await tools();
    const store = {
      ...opened.store,
      promote: async (...move: Parameters<typeof opened.store.promote>) => {
        await opened.store.promote(...move);
        throw new Error('the process ended here');
      },
    };
    await expect(rollback({ ...opened, store }, record, 'x')).rejects.toThrow('ended here');
    expect(await world.apply()).toEqual(['promote done promoted', 'overlap']);
    expect(await world.status()).toMatchObject({ current: { generation: 1 }, previous: { generation: 2 } });
  });
});

describe('a rollback is refused', () => {
  it('where there is nothing to go back to', async () => {
    await established();
    await expect(goBack()).rejects.toMatchObject({ code: 'refused', message: /nothing to go back to/ });
  });

  it('once deletion was asked for', async () => {
    await established(true);
    world.forward({ hours: 25 });
    await world.apply();
    await expect(goBack()).rejects.toMatchObject({ code: 'refused', message: /asked to be deleted already/ });
  });

  it('to a key that does not work', async () => {
    await established(true);
    const { record } = await tools();
    const apiKey = record?.generations[0]?.apiKey ?? '';
    await world.post('delete', { apiKey });
    await expect(goBack()).rejects.toMatchObject({ code: 'refused', message: /not seen working/ });
    expect(await world.status()).toMatchObject({ current: { generation: 2 } });
  });
});

describe('attesting', () => {
  it('closes a generation that was shown to somebody and never got an id, as attested, not as proven', async () => {
    await established();
    await world.rotate({ reason: 'early', compromised: null });
    await world.apply();
    await world.rotate({ reason: 'the card leaked', compromised: [2] });
    await world.apply();
    expect(await closes()).toBe(2);
    await world.apply();
    const { history } = await world.record();
    expect(history).toMatchObject([{ generation: 2, attested: expect.any(String) }]);
    expect(history[0]?.provenDead).toBeUndefined();
  });

  it('is refused where keyturn can prove it', async () => {
    await established(true);
    await expect(closes()).rejects.toMatchObject({ code: 'refused', message: /can prove by itself/ });
  });

  it('is refused where nothing is open', async () => {
    await established();
    await expect(closes()).rejects.toMatchObject({ code: 'refused', message: /no previous generation/ });
  });
});
