import * as z from 'zod/mini';
import { documentHash, firstBrokenLink } from './evidence.ts';
import { EvidenceEntry, firstName, type Generation, type KeyRecord } from './record.ts';

/**
 * Everything observed of one key, from its first generation on, and whether it holds together: each entry names the one
 * before it, each finished generation's document the document before it, and the record the newest document.
 */

const Document = z.strictObject({
  v: z.literal(1),
  key: z.string(),
  generation: z.int().check(z.positive()),
  previousDocument: z.nullable(z.string()),
  publicKey: z.optional(z.string()),
  fingerprint: z.optional(z.string()),
  apiKey: z.optional(z.string()),
  at: z.record(z.string(), z.string()),
  entries: z.array(EvidenceEntry),
});
type Document = z.infer<typeof Document>;

export interface GenerationEvidence {
  generation: number;
  /** What the key was called when it was made. */
  key: string;
  /** `finished`: sealed in a write-once document. */
  state: 'live' | 'finished';
  publicKey: string | null;
  fingerprint: string | null;
  apiKey: string | null;
  at: Readonly<Record<string, string | undefined>>;
  /** SHA-256 of the document; null while the generation lives. */
  document: string | null;
  entries: EvidenceEntry[];
}

export interface Break {
  /** Null where it cannot be told. */
  generation: number | null;
  /** Index of the first entry that does not fit; null where the document as a whole does not. */
  entry: number | null;
  message: string;
}

export interface EvidenceChain {
  key: string;
  /** SHA-256 over the newest document and the last entry of every live generation: what a signature covers. */
  head: string;
  generations: GenerationEvidence[];
  breaks: Break[];
}

/** `documents`: texts of the finished generations as the store has them, by number. */
export function evidenceChain(record: KeyRecord, documents: ReadonlyMap<number, string>): EvidenceChain {
  const parsed = [...documents].map(([generation, text]) => readDocument(generation, text));
  const finished = parsed.flatMap((each) => ('document' in each ? [each] : []));
  const generations = [
    ...finished.map(finishedEvidence),
    ...record.generations.map((each) => liveEvidence(record.key, each)),
  ];
  const breaks = [
    ...parsed.flatMap((each) => ('document' in each ? [] : [each])),
    ...documentBreaks(record, finished),
    ...generations.flatMap(entryBreaks),
  ];
  return {
    key: record.key,
    head: headOf(record),
    generations: generations.sort((a, b) => a.generation - b.generation),
    breaks,
  };
}

const headOf = ({ key, evidenceHead, generations }: KeyRecord): string =>
  documentHash(
    [
      `keyturn/v1 ${key}`,
      evidenceHead ?? '-',
      ...generations.map(({ generation, evidence }) => `${generation} ${evidence.at(-1)?.hash ?? '-'}`),
    ].join('\n'),
  );

interface Finished {
  document: Document;
  hash: string;
}

function readDocument(generation: number, text: string): Finished | Break {
  const parsed = Document.safeParse(parseJson(text));
  return parsed.success && parsed.data.generation === generation
    ? { document: parsed.data, hash: documentHash(text) }
    : { generation, entry: null, message: `the document of generation ${generation} cannot be read` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** From the record's head backwards, each document must be there as it was when it was named. */
function documentBreaks(record: KeyRecord, finished: readonly Finished[]): Break[] {
  const left = new Map(finished.map((each) => [each.hash, each.document]));
  let by = 'the record';
  for (let named = record.evidenceHead; named !== null; ) {
    const document = left.get(named);
    if (document === undefined) return [changedOrGone(record, named, by)];
    left.delete(named);
    by = `the document of generation ${document.generation}`;
    named = document.previousDocument;
  }
  return [...left.values()].map(({ generation }) => ({
    generation,
    entry: null,
    message: `nothing names the document of generation ${generation}, so it was added or put in another place`,
  }));
}

function changedOrGone({ history }: KeyRecord, named: string, by: string): Break {
  const generation = history.find(({ evidence }) => evidence === named)?.generation ?? null;
  const which = generation === null ? 'an older document' : `the document of generation ${generation}`;
  return { generation, entry: null, message: `${by} names ${which}, which was changed or removed since` };
}

function entryBreaks({ key, generation, entries }: GenerationEvidence): Break[] {
  const entry = firstBrokenLink(key, generation, entries);
  return entry === null
    ? []
    : [
        {
          generation,
          entry,
          message: `entry ${entry + 1} of generation ${generation} was changed, moved, or follows one that was removed`,
        },
      ];
}

const finishedEvidence = ({ document, hash }: Finished): GenerationEvidence => ({
  generation: document.generation,
  key: document.key,
  state: 'finished',
  publicKey: document.publicKey ?? null,
  fingerprint: document.fingerprint ?? null,
  apiKey: document.apiKey ?? null,
  at: document.at,
  document: hash,
  entries: document.entries,
});

const liveEvidence = (key: string, live: Generation): GenerationEvidence => ({
  generation: live.generation,
  key: firstName(key, live),
  state: 'live',
  publicKey: live.publicKey ?? null,
  fingerprint: live.fingerprint ?? null,
  apiKey: live.apiKey ?? null,
  at: live.at,
  document: null,
  entries: live.evidence,
});
