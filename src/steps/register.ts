import { KeyturnError } from '../errors.ts';
import { generationOf, noted, type Step, saveGeneration } from './step.ts';

/**
 * Asks a person to register the public half. Nobody is shown a public half whose private half the store does not hold:
 * it was read back when it was made, and must still be there.
 */
export const register: Step = async (tools, record, number) => {
  const { key, store, clock } = tools;
  const next = generationOf(record, number);
  const { state, fingerprint } = await store.statMaterial(key.storedAs, number);
  if (state !== 'live' || fingerprint !== next.fingerprint) throw materialLost(key.id, number);
  const asked = { ...next, at: { ...next.at, asked: clock.now().toISOString() } };
  await saveGeneration(
    tools,
    record,
    noted(tools, asked, 'registration-asked', { permissions: key.permissions, ipAllowlist: key.ipAllowlist }),
  );
  return {
    outcome: 'waiting',
    reason: 'registration-asked',
    message: `generation ${number} is to be registered by ${key.owner ?? 'its owner'}: keyturn task ${key.id}`,
  };
};

const materialLost = (key: string, generation: number): KeyturnError =>
  new KeyturnError(
    'corrupt',
    `the record says the pair of generation ${generation} of ${key} is stored, and the store does not have it`,
    {
      hint: 'restore the store from a backup; keyturn does not recreate what others deleted',
    },
  );
