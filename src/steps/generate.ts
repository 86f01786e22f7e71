import { isEncrypted } from '../core/policy.ts';
import { policyVersion } from '../core/policy-version.ts';
import { emptyRecord, type Generation, type KeyRecord, type RecordDraft, withGeneration } from '../core/record.ts';
import type { Material } from '../ports/store.ts';
import { announced, assertClaimed, generationOf, reached, type StepResult, type Tools, unlessAhead } from './step.ts';

/**
 * Makes one pair and keeps it as next. The number is recorded before there is a pair and the store takes each number only
 * once, so however many workers try and wherever they stop, one pair results: what is stored already is adopted, a pair
 * that lost the race was seen by nobody.
 */
export async function generate(tools: Tools, record: KeyRecord | null, generation: number): Promise<StepResult> {
  const { key, store, keys } = tools;
  let made = '';
  await announced(
    tools,
    record,
    intended(tools, record, generation),
    { action: 'generate', generation },
    async (claimed) => {
      const { state } = await store.statMaterial(key.storedAs, generation);
      const { algorithm } = generationOf(claimed, generation);
      if (state === 'absent') {
        const material = await keys.generate(algorithm, isEncrypted(key.passphrase));
        assertClaimed(tools, claimed);
        await unlessAhead(key.id, () => store.putMaterial(key.storedAs, generation, material));
      }
      const stored = await unlessAhead(key.id, () => store.readMaterial(key.storedAs, generation));
      keys.signer(stored);
      made = `${algorithm}, fingerprint ${stored.fingerprint.slice(0, 16)}…`;
      return finished(tools, claimed, generation, stored);
    },
  );
  return {
    outcome: 'done',
    reason: 'generated',
    message: `generation ${generation} is stored (${made})`,
  };
}

function intended({ key, clock }: Tools, record: KeyRecord | null, number: number): RecordDraft {
  const draft = record ?? emptyRecord(key.storedAs);
  if (draft.next === number) return draft;
  const fresh: Generation = {
    generation: number,
    algorithm: key.algorithm,
    at: { generated: clock.now().toISOString() },
    evidence: [],
  };
  return { ...draft, generations: [...draft.generations, fresh], next: number, last: number };
}

function finished(tools: Tools, claimed: KeyRecord, number: number, { publicKey, fingerprint }: Material): RecordDraft {
  const generation = generationOf(claimed, number);
  const { request, ...rest } = claimed;
  const asked = request ? { requestedBy: request.by, requestedFor: request.reason } : {};
  return withGeneration(
    rest,
    reached(tools, { ...generation, publicKey, fingerprint }, ['stored'], 'generated', {
      algorithm: generation.algorithm,
      fingerprint,
      policy: policyVersion(tools.key),
      ...asked,
    }),
  );
}
