import { type Generation, maskApiKey } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { readRecord } from '../records.ts';
import { generationOf, noted, saveGeneration, type Tools } from './step.ts';

/** Where a key id is now, and where it belongs. */
export interface Misplaced {
  /** The generation it fits. */
  generation: number;
  apiKey: string;
  /** The generation of the other key for which it was handed in. */
  from: number;
}

/**
 * Moves a key id that was handed in for another key to the generation it fits; the other key gets this one’s in exchange.
 * Two records are written, one after the other: until both are, this one keeps its former id among those it discarded, so
 * that a stop in between loses none and the next run completes it. Throws `conflict` when either record has moved on.
 */
export async function takeKeyId(mine: Tools, other: Tools, { generation, apiKey, from }: Misplaced): Promise<void> {
  const [myRecord, itsRecord] = [await recordOf(mine), await recordOf(other)];
  const my = generationOf(myRecord, generation);
  const its = generationOf(itsRecord, from);
  const former = my.apiKey;
  const isExchange = its.apiKey === apiKey;
  const isThere = isExchange ? !its.at.verified : its.discardedApiKeys?.includes(apiKey);
  if (former === undefined || my.at.verified || !isThere)
    throw new KeyturnError('conflict', `the key ids of ${mine.key.id} and ${other.key.id} have changed meanwhile`, {
      hint: 'run again',
    });
  const isKept = its.apiKey !== former;
  const taken = await saveGeneration(mine, myRecord, withId(mine, my, apiKey, isKept ? [former] : []));
  await saveGeneration(
    other,
    itsRecord,
    isExchange ? withId(other, its, former, [], apiKey) : withDiscarded(its, [], apiKey),
  );
  if (isExchange) await saveGeneration(mine, taken, withDiscarded(generationOf(taken, generation), [], former));
}

async function recordOf({ store, key }: Tools) {
  const record = await readRecord(store, key.storedAs);
  if (record) return record;
  throw new KeyturnError('not-found', `${key.id} has no record`, { hint: 'keyturn doctor looks again' });
}

function withId(tools: Tools, generation: Generation, apiKey: string, add: string[], drop?: string): Generation {
  const { findings: _old, findingsSince: _since, ...rest } = withDiscarded(generation, add, apiKey, drop);
  return noted(tools, { ...rest, apiKey }, 'key-id-moved', {
    from: maskApiKey(generation.apiKey ?? ''),
    to: maskApiKey(apiKey),
  });
}

function withDiscarded(generation: Generation, add: string[], ...drop: (string | undefined)[]): Generation {
  const { discardedApiKeys = [], ...rest } = generation;
  const discarded = [...discardedApiKeys, ...add].filter((each) => !drop.includes(each));
  return discarded.length > 0 ? { ...rest, discardedApiKeys: discarded } : rest;
}
