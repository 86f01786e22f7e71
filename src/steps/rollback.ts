import { type Generation, type KeyRecord, rolesOf } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { move } from './promote.ts';
import { noted, probeAlone, type StepResult, saveGeneration, type Tools } from './step.ts';

/**
 * Brings the previous generation back during the overlap, before anybody was asked to delete it. The one taken out is then
 * deleted and proven like any previous one. Consumers are not moved to a key that does not work.
 */
export async function rollback(tools: Tools, record: KeyRecord | null, reason: string): Promise<StepResult> {
  if (record === null) throw refused(tools.key.id, 'it has no generation yet');
  const previous = rollbackTarget(tools.key.id, record);
  const { verdict, message } = await probeAlone(tools, previous);
  if (verdict !== 'alive') {
    throw refused(tools.key.id, `generation ${previous.generation} was not seen working just now: ${message}`);
  }
  const asked = await saveGeneration(tools, record, noted(tools, previous, 'rollback-asked', { reason }));
  return move(tools, asked, previous.generation, 'rollback');
}

function rollbackTarget(id: string, record: KeyRecord): Generation {
  const { next, previous } = rolesOf(record);
  const newest = previous.at(-1);
  if (newest === undefined) throw refused(id, 'no overlap is under way, so there is nothing to go back to');
  if (next) throw refused(id, `generation ${next.generation} is being brought in already`);
  if (newest.at.deletionAsked)
    throw refused(id, `generation ${newest.generation} was asked to be deleted already, and may be gone at any moment`);
  if (newest.compromised) throw refused(id, `generation ${newest.generation} is compromised`);
  return newest;
}

const refused = (id: string, why: string): KeyturnError =>
  new KeyturnError('refused', `${id} is not rolled back: ${why}`, {
    hint: 'keyturn rotate KEY --reason TEXT brings in a fresh generation instead',
  });
