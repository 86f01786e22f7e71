import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Key } from '../../src/core/policy.ts';
import { rolesOf } from '../../src/core/record.ts';
import type { Task } from '../../src/core/tasks.ts';
import { isKeyturnError } from '../../src/errors.ts';
import type { World } from './world.ts';

/** The people at the venue's page: what they do when they read their cards, and what they get wrong. */

const FIELDS: Record<string, string> = {
  read: 'enableReading',
  'spot-trade': 'enableSpotAndMarginTrading',
  'futures-trade': 'enableFutures',
};

/** What a card says is to be switched on, and the addresses to enter. */
const formOf = ({ permissions, ipAllowlist }: Task): Record<string, string> => ({
  ...Object.fromEntries(permissions.on.map((permission) => [FIELDS[permission] ?? permission, 'on'])),
  ipRestrict: 'on',
  ipAllowlist: ipAllowlist.join(','),
});

export const SLIPS = [
  'missing',
  'excess',
  'open',
  'mystery',
  'wrong-public-key',
  'typo',
  'other-key',
  'forgets',
] as const;
export type Slip = (typeof SLIPS)[number];

/** Does what a card says about a new key; `slip` is what goes wrong on the way. */
export async function registers(world: World, key: Key, slip?: Slip): Promise<void> {
  const task = (await world.tasks(key)).find(({ kind }) => kind === 'register');
  if (!task) return;
  if (slip === 'typo') return handsIn(world, key, randomBytes(32).toString('hex'));
  if (slip === 'other-key') return handsInOther(world, key);
  const form = formOf(task);
  if (slip === 'missing') delete form.enableReading;
  if (slip === 'excess') form.enableMargin = 'on';
  if (slip === 'open') Object.assign(form, { ipRestrict: 'off', ipAllowlist: '' });
  const apiKey = await creates(world, task, form, slip === 'wrong-public-key' ? strangePublicKey() : task.publicKey);
  if (slip === 'mystery') world.venue.mysterious.add(apiKey);
  if (slip !== 'forgets') await handsIn(world, key, apiKey);
}

/** The key with this public half, made unless it is there. */
async function creates(world: World, task: Task, form: Record<string, string>, publicKey: string): Promise<string> {
  const there = (await world.venue.list()).find(({ fingerprint }) => fingerprint === task.fingerprint);
  if (there && publicKey === task.publicKey)
    return (await world.venue.post('edit', { apiKey: there.apiKey, ...form })).apiKey;
  return (await world.venue.post('create', { label: task.label, publicKey, ...form })).apiKey;
}

const strangePublicKey = (): string =>
  generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();

const handsIn = async (world: World, key: Key, apiKey: string): Promise<void> => void (await world.handIn(key, apiKey));

/** The id of a key that keyturn knows already; never taken. */
async function handsInOther(world: World, key: Key): Promise<void> {
  const own = rolesOf((await world.record(key)) ?? { generations: [], current: null, next: null }).next;
  const known = (await Promise.all(world.keys.map((each) => world.record(each))))
    .flatMap((record) => record?.generations ?? [])
    .find(({ apiKey }) => apiKey !== undefined && apiKey !== own?.apiKey)?.apiKey;
  if (known === undefined) return;
  const taken = await handsIn(world, key, known).then(
    () => true,
    (error: unknown) => {
      if (!isKeyturnError(error, 'refused')) throw error;
      return false;
    },
  );
  if (taken) throw new Error(`the id of another key was taken for ${key.id}`);
}

const NEEDS_ANOTHER_KEY = new Set(['wrong-public-key', 'unknown-key-id']);

/** Corrects a key as the card says. */
export async function mends(world: World, key: Key): Promise<void> {
  const task = (await world.tasks(key)).find(({ kind }) => kind === 'fix');
  if (!task) return;
  await deletesAll(world, task.alsoDelete);
  const isThere = (await world.venue.list()).some(({ apiKey }) => apiKey === task.apiKey);
  if (task.findings.some(({ code }) => NEEDS_ANOTHER_KEY.has(code)) || !isThere) {
    if (isThere && task.apiKey) await deletesAll(world, [task.apiKey]);
    const apiKey = await creates(world, task, formOf(task), task.publicKey);
    await handsIn(world, key, apiKey);
    return;
  }
  world.venue.mysterious.delete(task.apiKey ?? '');
  await world.venue.post('edit', { apiKey: task.apiKey ?? '', ...formOf(task) });
}

/** Does everything the cards of this key say. */
export async function obeys(world: World, key: Key): Promise<void> {
  await registers(world, key);
  await mends(world, key);
  await deletes(world, key);
}

/** Deletes what the cards of this key ask to delete. */
export async function deletes(world: World, key: Key): Promise<void> {
  for (const { kind, apiKey, alsoDelete } of await world.tasks(key)) {
    if (kind === 'delete') await deletesAll(world, [...(apiKey === null ? [] : [apiKey]), ...alsoDelete]);
  }
}

/** Deletes the key that works instead of the one on the card. */
export async function deletesCurrent(world: World, key: Key): Promise<void> {
  const record = await world.record(key);
  const apiKey = record && rolesOf(record).current?.apiKey;
  if (apiKey) await deletesAll(world, [apiKey]);
}

/** Switches everything off and believes that to be as good as deleting. */
export async function disables(world: World, key: Key): Promise<void> {
  const task = (await world.tasks(key)).find(({ kind }) => kind === 'delete');
  const isThere = (await world.venue.list()).some(({ apiKey }) => apiKey === task?.apiKey);
  if (task?.apiKey && isThere) await world.venue.post('edit', { apiKey: task.apiKey, enableReading: 'off' });
}

async function deletesAll({ venue }: World, apiKeys: readonly string[]): Promise<void> {
  const there = new Set((await venue.list()).map(({ apiKey }) => apiKey));
  for (const apiKey of apiKeys.filter((each) => there.has(each))) await venue.post('delete', { apiKey });
}
