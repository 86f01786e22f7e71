import { createHash } from 'node:crypto';
import { type EvidenceEntry, firstName, type Generation, type KeyRecord } from './record.ts';

/**
 * What was observed of one generation, when and by whom, as a hash chain: each entry carries the SHA-256 of itself and of
 * the entry before it, the first one that of the key, as it was named then, and generation it belongs to. Changing, dropping or reordering an
 * entry breaks every later hash.
 */

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

export type Observation = Omit<EvidenceEntry, 'previous' | 'hash'>;

/** Of the 16 KiB that a record should stay under: beyond this many characters there is room for milestones only. */
const ROOM_FOR_SIGHTS = 12 * 1024;

const root = (key: string, generation: number): string => sha256(`keyturn/v1 ${key} ${generation}`);

function link(previous: string, { at, event, by, detail }: Observation): EvidenceEntry {
  const entry = { at, event, by, detail, previous };
  return { ...entry, hash: sha256(JSON.stringify(entry)) };
}

export function observe(key: string, generation: Generation, observation: Observation): Generation {
  const previous = generation.evidence.at(-1)?.hash ?? root(firstName(key, generation), generation.generation);
  return { ...generation, evidence: [...generation.evidence, link(previous, observation)] };
}

/**
 * Whether one more sight of what can be seen any number of times is worth an entry: a flickering venue, or a step that fails
 * for days, must not fill the record. Probe groups that saw the same as the one before count for a proof.
 */
export function isWorthNoting(
  record: Pick<KeyRecord, 'generations'>,
  { evidence }: Generation,
  { event, detail }: Pick<Observation, 'event' | 'detail'>,
): boolean {
  if (evidence.every((each) => each.event !== event)) return true;
  const last = evidence.at(-1);
  const isRepeated = last?.event === event && JSON.stringify(last.detail) === JSON.stringify(detail);
  return (event === 'probed' || !isRepeated) && JSON.stringify(record).length < ROOM_FOR_SIGHTS;
}

/** The index of the first entry that does not fit its place in the chain; null when all do. */
export function firstBrokenLink(key: string, generation: number, entries: readonly EvidenceEntry[]): number | null {
  let previous = root(key, generation);
  for (const [index, entry] of entries.entries()) {
    const { at, event, by, detail } = entry;
    if (entry.previous !== previous || link(previous, { at, event, by, detail }).hash !== entry.hash) return index;
    previous = entry.hash;
  }
  return null;
}

/** The write-once document of a finished generation. It names the document before it, so that documents form a chain, too. */
export function evidenceDocument(record: Pick<KeyRecord, 'key' | 'evidenceHead'>, generation: Generation): string {
  const { evidence, publicKey, fingerprint, apiKey, at } = generation;
  const document = {
    v: 1,
    key: firstName(record.key, generation),
    generation: generation.generation,
    previousDocument: record.evidenceHead,
  };
  return `${JSON.stringify({ ...document, publicKey, fingerprint, apiKey, at, entries: evidence }, null, 1)}\n`;
}

export const documentHash = sha256;
