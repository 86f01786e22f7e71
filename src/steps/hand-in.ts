import type { VenueCapabilities } from '../core/capabilities.ts';
import { labelOf } from '../core/label.ts';
import type { KeyId } from '../core/policy.ts';
import { type Generation, type KeyRecord, maskApiKey } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { reached, saveGeneration, type Tools } from './step.ts';

/** A key id that is in use already, and by what. */
export interface TakenId {
  apiKey: string;
  key: KeyId;
  generation: number;
}

/**
 * Records the key id a person got from the venue for the generation that waits for one. The same id again changes
 * nothing; another one replaces it while it is unverified, and the first one is then to be deleted at the venue, too.
 */
export async function handIn(
  tools: Pick<Tools, 'key' | 'store' | 'clock' | 'by'> & { capabilities: Pick<VenueCapabilities, 'labels'> },
  record: KeyRecord | null,
  apiKey: string,
  taken: readonly TakenId[],
  number?: number,
): Promise<'recorded' | 'same' | 'replaced'> {
  const wanted = number ?? record?.next ?? servingUnder(record, apiKey);
  const generation = record?.generations.find(({ generation, at }) => generation === wanted && at.asked !== undefined);
  if (record === null || generation === undefined) throw waitsForNone(tools.key.id, record, wanted);
  if (generation.apiKey === apiKey) return 'same';
  assertNoFingerprint(record, apiKey);
  assertFree(tools.key.id, generation.generation, apiKey, taken);
  if (generation.at.verified) {
    throw new KeyturnError(
      'refused',
      `generation ${generation.generation} of ${tools.key.id} is verified with key id ${maskApiKey(generation.apiKey ?? '')}, another one cannot replace it`,
      {
        hint: 'if that key is gone or wrong, give it up: keyturn rotate KEY --compromised --generation N --reason TEXT makes another one',
      },
    );
  }
  const { findings: _old, findingsSince: _since, ...rest } = generation;
  const discarded = generation.apiKey === undefined ? [] : [...(generation.discardedApiKeys ?? []), generation.apiKey];
  const registered: Generation = {
    ...rest,
    apiKey,
    label: labelOf(tools.key, generation.generation, tools.capabilities),
    ...(discarded.length > 0 ? { discardedApiKeys: discarded.filter((each) => each !== apiKey) } : {}),
  };
  await saveGeneration(
    tools,
    record,
    reached(tools, registered, ['registered'], 'registered', { apiKey: maskApiKey(apiKey) }),
  );
  return discarded.length > 0 ? 'replaced' : 'recorded';
}

/** A second person, or one who asks again, may be later than the pass that promoted what was handed in. */
const servingUnder = (record: KeyRecord | null, apiKey: string): number | null =>
  record?.generations.find((each) => each.generation === record.current && each.apiKey === apiKey)?.generation ?? null;

const waitsForNone = (id: KeyId, record: KeyRecord | null, wanted: number | null): KeyturnError =>
  new KeyturnError('refused', `${id} waits for no key id: ${stateOf(record, wanted)}`, {
    hint: 'keyturn tasks lists what people must do; keyturn apply opens the task when it is time',
  });

function stateOf(record: KeyRecord | null, wanted: number | null): string {
  if (record === null || record.last === 0) return 'it has no generation yet';
  return wanted === null
    ? `its current generation is ${record.current ?? 'none'}`
    : `nobody was asked to register generation ${wanted}`;
}

/** Of the hexadecimal words on a card the fingerprint comes first, and at some venues an id has the same length. */
function assertNoFingerprint(record: KeyRecord, apiKey: string): void {
  const own = record.generations.find(({ fingerprint }) => fingerprint === apiKey.toLowerCase());
  if (!own) return;
  throw new KeyturnError('usage', `this is the fingerprint of generation ${own.generation}, not the key id`, {
    hint: 'copy the id that the venue’s page shows after the key was created',
  });
}

/** Throws `refused` for an id that another generation has already. */
export function assertFree(id: KeyId, generation: number, apiKey: string, taken: readonly TakenId[]): void {
  const other = taken.find((each) => each.apiKey === apiKey && (each.key !== id || each.generation !== generation));
  if (!other) return;
  throw new KeyturnError(
    'refused',
    `key id ${maskApiKey(apiKey)} belongs to generation ${other.generation} of ${other.key} already`,
    {
      hint: 'hand in the id of the key that was just created: the page lists it under the label of the task',
    },
  );
}
