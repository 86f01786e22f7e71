import { labelOf } from '../core/label.ts';
import { type Generation, type KeyRecord, withGeneration } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import type { KeyManagement, Registered } from '../ports/venue.ts';
import {
  announced,
  assertClaimed,
  generationOf,
  noted,
  reached,
  type Step,
  type StepResult,
  saveGeneration,
  type Tools,
} from './step.ts';

/**
 * Has the public half registered, by the venue's API or by a person. Nobody is shown a public half whose private half the
 * store does not hold: it was read back when it was made, and must still be there.
 */
export const register: Step = async (tools, record, number) => {
  const { key, store, venue } = tools;
  const next = generationOf(record, number);
  const { state, fingerprint } = await store.statMaterial(key.storedAs, number);
  if (state !== 'live' || fingerprint !== next.fingerprint) throw materialLost(key.id, number);
  return venue.management.register === null
    ? askPerson(tools, record, next)
    : registerByApi(tools, record, next, venue.management.register);
};

async function askPerson(tools: Tools, record: KeyRecord, next: Generation): Promise<StepResult> {
  await saveGeneration(tools, record, asked(tools, next));
  return waitsForPerson(tools, next);
}

const waitsForPerson = ({ key }: Tools, { generation }: Generation, why = ''): StepResult => ({
  outcome: 'waiting',
  reason: 'registration-asked',
  message: `generation ${generation} is to be registered by ${key.owner ?? 'its owner'}: keyturn task ${key.id}${why}`,
});

const asked = (tools: Tools, next: Generation): Generation =>
  reached(tools, next, ['asked'], 'registration-asked', {
    permissions: tools.key.permissions,
    ipAllowlist: tools.key.ipAllowlist,
  });

/** What a run that stopped has registered already is found in the list, and not registered again. */
async function registerByApi(
  tools: Tools,
  record: KeyRecord,
  next: Generation,
  send: NonNullable<KeyManagement['register']>,
): Promise<StepResult> {
  const { key } = tools;
  const number = next.generation;
  const announcing = next.at.asked ? record : withGeneration(record, asked(tools, next));
  let outcome: StepResult = {
    outcome: 'done',
    reason: 'registered',
    message: `generation ${number} is registered by API`,
  };
  await announced(tools, record, announcing, { action: 'register', generation: number }, async (claimed) => {
    const label = labelOf(key, number, tools.venue.capabilities);
    const found = await registeredAlready(tools, next, label);
    assertClaimed(tools, claimed);
    const result = found ?? (await send({ key, publicKey: next.publicKey ?? '', label }));
    if (result.outcome === 'refused') throw refusedByVenue(`generation ${number} of ${key.id}`, result.message);
    const subject = generationOf(claimed, number);
    if (result.outcome === 'person') {
      outcome = waitsForPerson(tools, next, `; the venue does not register it by API: ${result.message}`);
      const refused = { ...subject, registrationRefused: result.message };
      return withGeneration(claimed, noted(tools, refused, 'registration-refused', { refused: result.message }));
    }
    return withGeneration(claimed, registered(tools, subject, result.apiKey, label));
  });
  return outcome;
}

async function registeredAlready(
  { key, venue }: Tools,
  { fingerprint }: Generation,
  label: string,
): Promise<Registered | undefined> {
  const listing = await venue.management.list?.(key.account);
  if (listing === undefined) return undefined;
  if (listing.state === 'trouble') {
    if (listing.why === 'second-factor') {
      return { outcome: 'person', message: 'it wants a second factor to show the account’s keys' };
    }
    throw new KeyturnError(
      'unavailable',
      `the venue did not list the keys of account ${key.account} (${listing.detail})`,
      {
        hint: 'nothing was registered; run again',
      },
    );
  }
  const found = listing.keys.find((each) =>
    each.fingerprint === null ? each.label === label : each.fingerprint === fingerprint,
  );
  return found && { outcome: 'registered', apiKey: found.apiKey };
}

function registered(tools: Tools, generation: Generation, apiKey: string, label: string): Generation {
  const at = { ...generation.at, registered: tools.clock.now().toISOString() };
  return noted(tools, { ...generation, apiKey, label, at }, 'registered', { by: 'api', label });
}

const refusedByVenue = (what: string, why: string): KeyturnError =>
  new KeyturnError('refused', `the venue does not register ${what}: ${why}`, {
    hint: 'mend that and run again; or register it by hand: keyturn task KEY, keyturn register KEY ID',
  });

const materialLost = (key: string, generation: number): KeyturnError =>
  new KeyturnError(
    'corrupt',
    `the record says the pair of generation ${generation} of ${key} is stored, and the store does not have it`,
    {
      hint: 'restore the store from a backup; keyturn does not recreate what others deleted',
    },
  );
