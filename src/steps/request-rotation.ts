import { type Generation, type KeyRecord, type RecordDraft, rolesOf, withGeneration } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { noted, save, type Tools } from './step.ts';

export interface RotationRequest {
  reason: string;
  /** The generations that leaked; null: nothing leaked, the rotation is only wanted early. */
  compromised: 'current' | number[] | null;
}

/** Puts somebody’s wish for a rotation into the record, as one more fact for decisions. Returns what was marked. */
export async function requestRotation(
  tools: Pick<Tools, 'key' | 'store' | 'clock' | 'by'>,
  record: KeyRecord | null,
  request: RotationRequest,
): Promise<number[]> {
  if (record === null || record.generations.length === 0) {
    throw new KeyturnError('refused', `${tools.key.id} has no generation yet, so there is nothing to rotate`, {
      hint: 'keyturn apply makes the first one',
    });
  }
  if (request.compromised === null) {
    await save(tools, record, {
      ...record,
      request: { at: tools.clock.now().toISOString(), by: tools.by, reason: request.reason },
    });
    return [];
  }
  const leaked = leakedGenerations(tools.key.id, record, request.compromised);
  const marked = leaked.reduce<RecordDraft>(
    (draft, generation) => withGeneration(draft, markCompromised(tools, generation, request.reason)),
    record,
  );
  const givesUpNext = leaked.some(({ generation }) => generation === record.next);
  await save(tools, record, givesUpNext ? { ...marked, next: null } : marked);
  return leaked.map(({ generation }) => generation);
}

function leakedGenerations(id: string, record: KeyRecord, wanted: 'current' | number[]): Generation[] {
  const { current } = rolesOf(record);
  if (wanted === 'current') {
    if (current) return [current];
    throw new KeyturnError('refused', `${id} has no current generation`, {
      hint: 'name the generation that leaked: --generation N',
    });
  }
  return wanted.map((number) => {
    const found = record.generations.find(({ generation }) => generation === number);
    if (found) return found;
    const live = record.generations.map(({ generation }) => generation).join(', ');
    throw new KeyturnError('usage', `${id} has no live generation ${number}`, { hint: `live generations: ${live}` });
  });
}

function markCompromised(
  tools: Pick<Tools, 'key' | 'clock' | 'by'>,
  generation: Generation,
  reason: string,
): Generation {
  if (generation.compromised) return generation;
  const marked = { ...generation, compromised: { at: tools.clock.now().toISOString(), by: tools.by, reason } };
  return noted(tools, marked, 'declared-compromised', { reason });
}
