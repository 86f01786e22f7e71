import type { Reason } from '../core/reasons.ts';
import { type Generation, hasPrivateHalf, isClosed, type KeyRecord, rolesOf } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { noted, saveGeneration, type Tools } from './step.ts';

/**
 * Closes the oldest previous generation that keyturn cannot prove dead, because it has no private half or no key id, or
 * because the venue cannot show it, on somebody’s word. Recorded as attested, never as proven. Returns its number.
 */
export async function attest(
  tools: Pick<Tools, 'key' | 'store' | 'clock' | 'by'>,
  record: KeyRecord | null,
  reason: string,
): Promise<number> {
  const { id } = tools.key;
  const open = record ? rolesOf(record).previous.filter((each) => !isClosed(each)) : [];
  const [subject] = open.filter(cannotBeProven);
  if (record === null || subject === undefined) throw refused(id, open);
  const attested = { at: tools.clock.now().toISOString(), by: tools.by, reason };
  await saveGeneration(tools, record, noted(tools, { ...subject, attested }, 'attested', { reason }));
  return subject.generation;
}

const cannotBeProven = (generation: Generation): boolean =>
  generation.apiKey === undefined || !hasPrivateHalf(generation) || SHOWS_NOTHING.has(generation.probe?.reason ?? '');

/** What the newest probe group of a deleted key ends with where the venue cannot be made to tell. */
const SHOWS_NOTHING: ReadonlySet<string> = new Set<Reason>(['controls-alike', 'no-probe']);

function refused(id: string, open: readonly Generation[]): KeyturnError {
  const [provable] = open;
  return provable
    ? new KeyturnError(
        'refused',
        `keyturn can prove by itself whether generation ${provable.generation} of ${id} is dead`,
        {
          hint: `delete it (keyturn task ${id}), then keyturn verify ${id}`,
        },
      )
    : new KeyturnError('refused', `${id} has no previous generation to attest`);
}
