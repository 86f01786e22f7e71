import { type Generation, type KeyRecord, type RecordDraft, storedCurrent, withGeneration } from '../core/record.ts';
import { announced, assertClaimed, generationOf, reached, type Step, type Tools, unlessAhead } from './step.ts';

/** Moves consumers from current to another generation in one step of the store. A move that was made and not recorded answers `already`. */
export const promote: Step = async (tools, record, number) => {
  const isRollback = record.intent?.action === 'rollback' && record.intent.generation === number;
  return move(tools, record, number, isRollback ? 'rollback' : 'promote');
};

export const move = async (
  tools: Tools,
  record: KeyRecord,
  number: number,
  action: 'promote' | 'rollback',
): ReturnType<Step> => {
  const { key, store } = tools;
  const { apiKey } = generationOf(record, number);
  if (apiKey === undefined) throw new Error(`generation ${number} of ${key.id} has no key id`);
  await announced(tools, record, record, { action, generation: number }, async (claimed) => {
    assertClaimed(tools, claimed);
    const from = storedCurrent(record);
    await unlessAhead(key.id, () => store.promote(key.storedAs, { from, to: number, apiKey }));
    return moved(tools, claimed, number, action);
  });
  return { outcome: 'done', reason: 'promoted', message: `consumers read generation ${number} from now on` };
};

function moved(
  { clock, key, by }: Tools,
  claimed: KeyRecord,
  number: number,
  action: 'promote' | 'rollback',
): RecordDraft {
  // One generation takes the place of the other at one instant.
  const now = clock.now();
  const tools = { key, by, clock: { now: () => now } };
  const superseded =
    claimed.current === null
      ? claimed
      : withGeneration(claimed, reached(tools, generationOf(claimed, claimed.current), ['superseded'], 'superseded'));
  const arrived = generationOf(superseded, number);
  const change =
    action === 'rollback'
      ? withGeneration(superseded, reached(tools, withoutEnd(arrived), ['broughtBack'], 'brought-back'))
      : withGeneration(superseded, reached(tools, arrived, ['promoted'], 'promoted'));
  return { ...change, current: number, next: null };
}

/** What is current again is not superseded. */
function withoutEnd({ at: { superseded: _was, ...at }, ...generation }: Generation): Generation {
  return { ...generation, at };
}
