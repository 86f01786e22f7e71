import { minute } from '../core/instant.ts';
import { type Generation, type KeyRecord, type Roles, rolesOf } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { move } from './promote.ts';
import { noted, probeAlone, type StepResult, saveGeneration, type Tools } from './step.ts';

/**
 * Brings the previous generation back during the overlap, before anybody was asked to delete it. The one taken out is then
 * deleted and proven like any previous one. Consumers are not moved to a key that does not work. Asked for again, by a second
 * person or after an answer that got lost, it changes nothing: a generation that was taken out is not given back.
 */
export async function rollback(tools: Tools, record: KeyRecord | null, reason: string): Promise<StepResult> {
  if (record === null) throw refused(tools.key.id, 'it has no generation yet');
  const roles = rolesOf(record);
  const newest = roles.previous.at(-1);
  if (newest === undefined) throw refused(tools.key.id, 'no overlap is under way, so there is nothing to go back to');
  const done = doneAlready(roles);
  if (done) return done;
  assertMayReturn(tools.key.id, newest, roles);
  const { verdict, message } = await probeAlone(tools, newest);
  if (verdict !== 'alive') {
    throw refused(tools.key.id, `generation ${newest.generation} was not seen working just now: ${message}`);
  }
  const asked = await saveGeneration(tools, record, noted(tools, newest, 'rollback-asked', { reason }));
  return move(tools, asked, newest.generation, 'rollback');
}

/** From a generation that leaked meanwhile consumers may still be moved away. */
function doneAlready({ current }: Roles): StepResult | null {
  const since = current?.at.broughtBack;
  if (since === undefined || current?.compromised) return null;
  const message = `consumers read generation ${current?.generation} already: it was brought back ${minute(new Date(since))}`;
  return { outcome: 'done', reason: 'promoted', message };
}

function assertMayReturn(id: string, newest: Generation, { next }: Roles): void {
  if (next) throw refused(id, `generation ${next.generation} is being brought in already`);
  if (newest.at.deletionAsked)
    throw refused(id, `generation ${newest.generation} was asked to be deleted already, and may be gone at any moment`);
  if (newest.compromised) throw refused(id, `generation ${newest.generation} is compromised`);
}

const refused = (id: string, why: string): KeyturnError =>
  new KeyturnError('refused', `${id} is not rolled back: ${why}`, {
    hint: 'keyturn rotate KEY --reason TEXT brings in a fresh generation instead',
  });
