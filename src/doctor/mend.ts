import type { Mend } from '../core/doctor/finding.ts';
import { type KeyRecord, maskApiKey } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { readRecord } from '../records.ts';
import { act } from '../steps/act.ts';
import { releaseClaim } from '../steps/release-claim.ts';
import { notedOnNewest, save, type Tools } from '../steps/step.ts';
import { takeKeyId } from '../steps/take-key-id.ts';

/** Takes one safe step on one key and says what it did. `toolsOf` opens another key of the account. */
export async function mend(tools: Tools, step: Mend, toolsOf: (key: string) => Promise<Tools>): Promise<string[]> {
  const { key, store } = tools;
  switch (step.kind) {
    case 'tidy':
      // Where the record cannot be read, nothing is touched.
      await recordOf(tools);
      return told(tools, await store.tidy(key.storedAs));
    case 'erase':
      await store.retireMaterial(key.storedAs, step.generation);
      return told(tools, [`erased the private half of generation ${step.generation} again`]);
    case 'release-claim':
      await releaseClaim(tools, await recordOf(tools));
      return ['released the claim a stopped worker had left'];
    case 'finish':
      return [(await act(tools, unclaimed(await recordOf(tools)), step.action, step.generation)).message];
    case 'swap-ids': {
      const { generation, other } = step;
      const misplaced = { generation, apiKey: other.apiKey, from: other.generation };
      await takeKeyId(tools, await toolsOf(other.key), misplaced);
      const id = maskApiKey(other.apiKey);
      return [`generation ${generation} has key id ${id} now, which had been handed in for ${other.key}`];
    }
  }
}

async function recordOf({ store, key }: Tools): Promise<KeyRecord> {
  const record = await readRecord(store, key.storedAs);
  if (record) return record;
  throw new KeyturnError('not-found', `${key.id} has no record`, { hint: 'keyturn doctor looks again' });
}

function unclaimed(record: KeyRecord): KeyRecord {
  if (!record.claim) return record;
  throw new KeyturnError('refused', `${record.claim.by} has begun a step for ${record.key} meanwhile`, {
    hint: 'run again',
  });
}

/** What was mended in the store alone becomes evidence, too. */
async function told(tools: Tools, did: string[]): Promise<string[]> {
  const record = await recordOf(tools);
  if (did.length > 0) await save(tools, record, notedOnNewest(tools, record, 'mended', { did }));
  return did;
}
