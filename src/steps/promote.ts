import { type Generation, type KeyRecord, type RecordDraft, withGeneration } from '../core/record.ts';
import { announced, assertClaimed, generationOf, noted, type Step, type Tools } from './step.ts';

/** Moves consumers from current to next in one step of the store. A move that was made and not recorded answers `already`. */
export const promote: Step = async (tools, record, number) => {
  const { key, store } = tools;
  const { apiKey } = generationOf(record, number);
  if (apiKey === undefined) throw new Error(`generation ${number} of ${key.id} has no key id`);
  await announced(tools, record, record, { action: 'promote', generation: number }, async (claimed) => {
    assertClaimed(tools, claimed);
    await store.promote(key.storedAs, { from: record.current, to: number, apiKey });
    return promoted(tools, claimed, number);
  });
  return { outcome: 'done', reason: 'promoted', message: `consumers read generation ${number} from now on` };
};

function promoted(tools: Tools, claimed: KeyRecord, number: number): RecordDraft {
  const now = tools.clock.now().toISOString();
  const reached = (generation: Generation, milestone: 'promoted' | 'superseded', event: string) =>
    noted(tools, { ...generation, at: { ...generation.at, [milestone]: now } }, event);
  const superseded =
    claimed.current === null
      ? claimed
      : withGeneration(claimed, reached(generationOf(claimed, claimed.current), 'superseded', 'superseded'));
  const moved = withGeneration(superseded, reached(generationOf(claimed, number), 'promoted', 'promoted'));
  return { ...moved, current: number, next: null };
}
