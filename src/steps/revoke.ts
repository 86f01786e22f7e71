import type { Reason } from '../core/reasons.ts';
import { type Generation, hasPrivateHalf, type KeyRecord, withGeneration } from '../core/record.ts';
import type { KeyManagement } from '../ports/venue.ts';
import {
  announced,
  assertClaimed,
  credentialOf,
  generationOf,
  probeAlone,
  reached,
  type Step,
  type StepResult,
  saveGeneration,
  type Tools,
} from './step.ts';

/**
 * Has a key deleted at the venue, by its API or by a person. The last key that works is never deleted: the current one must
 * work right now, unless the key to go is compromised.
 */
export const revoke: Step = async (tools, record, number) => {
  const generation = generationOf(record, number);
  const doubt = generation.compromised ? null : await doubtAboutCurrent(tools, record);
  if (doubt) return doubt;
  const { remove } = tools.venue.management;
  return remove === null || generation.apiKey === undefined
    ? askPerson(tools, record, generation)
    : removeByApi(tools, record, { ...generation, apiKey: generation.apiKey }, remove);
};

/** Any other reason is about the venue, or the way to it, and says more than that the key did not work. */
const ABOUT_THE_KEY: ReadonlySet<Reason> = new Set(['refused', 'signature-refused', 'contradictory']);

async function doubtAboutCurrent(tools: Tools, record: KeyRecord): Promise<StepResult | null> {
  if (record.current === null) throw new Error(`${record.key} has nothing to take over`);
  const { verdict, reason, message } = await probeAlone(tools, generationOf(record, record.current));
  // Without a probe nobody can see whether it works; the overlap has passed without a rollback.
  if (verdict === 'alive' || reason === 'no-probe') return null;
  const doubt = `the current key, generation ${record.current}, did not work just now, so nobody is asked to delete another one: ${message}`;
  return { outcome: 'failed', reason: ABOUT_THE_KEY.has(reason) ? 'current-unproven' : reason, message: doubt };
}

async function askPerson(tools: Tools, record: KeyRecord, generation: Generation): Promise<StepResult> {
  await saveGeneration(tools, record, deletionAsked(tools, generation));
  return asked(tools, generation);
}

const asked = ({ key }: Tools, { generation }: Generation, why = ''): StepResult => ({
  outcome: 'waiting',
  reason: 'deletion-asked',
  message: `generation ${generation} is to be deleted by ${key.owner ?? 'its owner'}: keyturn task ${key.id}${why}`,
});

const deletionAsked = (tools: Tools, generation: Generation, detail: { refused?: string } = {}): Generation =>
  reached(tools, generation, ['deletionAsked'], 'deletion-asked', detail);

/** Where the venue refuses, a person is asked all the same. What a run that stopped has deleted already is `absent`. */
async function removeByApi(
  tools: Tools,
  record: KeyRecord,
  generation: Generation & { apiKey: string },
  remove: NonNullable<KeyManagement['remove']>,
): Promise<StepResult> {
  const { key } = tools;
  const number = generation.generation;
  let result: StepResult = { outcome: 'done', reason: 'removed', message: `generation ${number} is deleted by API` };
  await announced(tools, record, record, { action: 'revoke', generation: number }, async (claimed) => {
    assertClaimed(tools, claimed);
    const credential = hasPrivateHalf(generation) ? () => credentialOf(tools, generation) : null;
    const removal = await remove(key.account, { apiKey: generation.apiKey, credential });
    const subject = generationOf(claimed, number);
    if (removal.outcome === 'refused') {
      result = asked(tools, generation, `; the venue does not delete it by API: ${removal.message}`);
      return withGeneration(claimed, deletionAsked(tools, subject, { refused: removal.message }));
    }
    const { outcome } = removal;
    return withGeneration(claimed, reached(tools, subject, ['deletionAsked', 'removed'], 'removed', { outcome }));
  });
  return result;
}
