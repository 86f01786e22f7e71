import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { documentHash, firstBrokenLink } from '../../src/core/evidence.ts';
import type { EvidenceEntry, KeyRecord } from '../../src/core/record.ts';
import type { Life } from './life.ts';

/** What must hold after a rotation, wherever its workers were killed (I1 to I15 of the store contract). */

const KEY = 'desk/spot';

/** Each happened once in the life of a generation that is gone. */
const ONCE = [
  'generated',
  'registration-asked',
  'registered',
  'promoted',
  'superseded',
  'deletion-asked',
  'proven-dead',
  'destroyed',
];

interface Document {
  generation: number;
  fingerprint: string;
  apiKey: string;
  previousDocument: string | null;
  at: Record<string, string>;
  entries: EvidenceEntry[];
}

export async function expectRotated(
  life: Life,
  before: KeyRecord | null,
  { compromised, overlapSeconds }: { compromised: boolean; overlapSeconds: number },
): Promise<void> {
  const { record, tasks } = await life.look();
  assert.ok(record);
  const former = before?.current ?? 0;
  const number = former + 1;
  assert.deepEqual(
    {
      current: record.current,
      next: record.next,
      last: record.last,
      claim: record.claim,
      intent: record.intent,
      tasks,
    },
    { current: number, next: null, last: number, claim: undefined, intent: undefined, tasks: [] },
  );
  await expectOnePair(life, record, number);
  await expectOneKeyAtVenue(life, number);
  const gone = await expectEvidence(life, record, former);
  if (gone && !compromised) expectOrder(gone, record, overlapSeconds);
  await expectNothingInClear(life);
}

/** Numbers are used once; of all pairs only the current one can sign. */
async function expectOnePair(
  { store, folder, person: { registered } }: Life,
  record: KeyRecord,
  number: number,
): Promise<void> {
  const generations = await store.listGenerations(KEY);
  assert.deepEqual(
    generations,
    Array.from({ length: number }, (_, index) => index + 1),
  );
  const states = await Promise.all(generations.map((each) => store.statMaterial(KEY, each)));
  assert.deepEqual(
    states.map(({ state }) => state),
    [...Array(number - 1).fill('retired'), 'live'],
  );
  assert.deepEqual(
    [...registered.keys()],
    states.map(({ fingerprint }) => fingerprint),
  );
  assert.equal(record.generations.length, 1);
  assert.equal(await store.statCurrent(KEY), number);
  assert.equal(await readlink(join(folder, '.keyturn/store', KEY, 'current')), `gen/${`${number}`.padStart(6, '0')}`);
}

/** One registration for each pair, one deletion for each that is gone. */
async function expectOneKeyAtVenue(life: Life, number: number): Promise<void> {
  const { registered, deleted } = life.person;
  assert.equal(registered.size, number);
  assert.deepEqual(deleted, [...registered.values()].slice(0, number - 1));
  assert.deepEqual(
    (await life.atVenue()).map(({ apiKey }) => apiKey),
    [...registered.values()].slice(number - 1),
  );
}

/** The document of the generation that went is whole, linked to the one before it, and tells each event once. */
async function expectEvidence({ store }: Life, record: KeyRecord, former: number): Promise<Document | null> {
  if (former === 0) return null;
  const text = await store.readEvidence(KEY, former);
  assert.ok(text);
  assert.equal(documentHash(text), record.evidenceHead);
  assert.equal(record.history.at(-1)?.evidence, record.evidenceHead);
  const document = JSON.parse(text) as Document;
  assert.equal(firstBrokenLink(KEY, former, document.entries), null);
  const earlier = former === 1 ? null : await store.readEvidence(KEY, former - 1);
  assert.equal(document.previousDocument, earlier && documentHash(earlier));
  const events = document.entries.map(({ event }) => event);
  assert.deepEqual(events.filter((event) => ONCE.includes(event)).sort(), ONCE.toSorted());
  return document;
}

/** The old key was not touched before the new one was verified, promoted and overlapped; it was destroyed after the proof. */
function expectOrder(gone: Document, record: KeyRecord, overlapSeconds: number): void {
  const successor = record.generations[0]?.at;
  const asked = Date.parse(gone.at.deletionAsked ?? '');
  const promoted = Date.parse(successor?.promoted ?? '');
  assert.ok(Date.parse(successor?.verified ?? '') <= promoted);
  assert.ok(asked >= promoted + overlapSeconds * 1000, 'deletion was asked for before the overlap was over');
  assert.ok(Date.parse(gone.at.provenDead ?? '') >= asked);
}

async function expectNothingInClear({ folder }: Life): Promise<void> {
  const files = await readdir(join(folder, '.keyturn/store'), { recursive: true, withFileTypes: true });
  for (const file of files.filter((each) => each.isFile())) {
    const content = await readFile(join(file.parentPath, file.name), 'latin1');
    assert.ok(!content.includes('PRIVATE KEY'), `${file.name} holds a private key in clear`);
  }
}
