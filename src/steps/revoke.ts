import type { Reason } from '../core/reasons.ts';
import type { KeyRecord } from '../core/record.ts';
import { generationOf, noted, probeAlone, type Step, type StepResult, saveGeneration, type Tools } from './step.ts';

/**
 * Asks a person to delete a key at the venue. Nobody is asked to delete the last key that works: the current one must
 * work right now, unless the key to go is compromised.
 */
export const revoke: Step = async (tools, record, number) => {
  const { key, clock } = tools;
  const generation = generationOf(record, number);
  const doubt = generation.compromised ? null : await doubtAboutCurrent(tools, record);
  if (doubt) return doubt;
  const asked = { ...generation, at: { ...generation.at, deletionAsked: clock.now().toISOString() } };
  await saveGeneration(tools, record, noted(tools, asked, 'deletion-asked'));
  return {
    outcome: 'waiting',
    reason: 'deletion-asked',
    message: `generation ${number} is to be deleted by ${key.owner ?? 'its owner'}: keyturn task ${key.id}`,
  };
};

/** Any other reason is about the venue, or the way to it, and says more than that the key did not work. */
const ABOUT_THE_KEY: ReadonlySet<Reason> = new Set(['refused', 'signature-refused', 'contradictory']);

async function doubtAboutCurrent(tools: Tools, record: KeyRecord): Promise<StepResult | null> {
  if (record.current === null) throw new Error(`${record.key} has nothing to take over`);
  const { verdict, reason, message } = await probeAlone(tools, generationOf(record, record.current));
  if (verdict === 'alive') return null;
  const doubt = `the current key, generation ${record.current}, did not work just now, so nobody is asked to delete another one: ${message}`;
  return { outcome: 'failed', reason: ABOUT_THE_KEY.has(reason) ? 'current-unproven' : reason, message: doubt };
}
