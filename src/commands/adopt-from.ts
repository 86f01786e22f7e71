import type { Key, KeyId } from '../core/policy.ts';
import { KeyturnError } from '../errors.ts';
import { readRecord } from '../records.ts';
import { carryOver } from '../steps/carry-over.ts';
import { nearest } from '../suggest.ts';
import { unnamedIn } from '../uncovered.ts';
import { actor, keyNamed, toolsFor, type Workspace } from '../workspace.ts';
import type { AdoptOptions } from './adopt.ts';

/** Lets a key of the policy go on with what the store has of one that left it. Returns what to tell. */
export async function adoptFrom(workspace: Workspace, options: AdoptOptions, from: KeyId): Promise<string> {
  const { id, keyId, privateKey, passphraseFile } = options;
  if ([id, keyId, privateKey, passphraseFile].some((given) => given !== undefined))
    throw new KeyturnError('usage', '--from takes key id and private half from the store', {
      hint: `keyturn adopt ${options.key} --from ${from}`,
    });
  const key = keyNamed(workspace.keys, options.key);
  assertLeft(workspace, key, from);
  await assertInStore(workspace, key, from);
  const tools = await toolsFor(workspace, key, actor(options.by));
  if ((await carryOver(tools, from)) === 'already') return `${key.id} goes on with ${from} already\n`;
  const record = await readRecord(tools.store, key.storedAs);
  return [
    `${key.id} goes on with ${from}: generation ${record?.current ?? record?.next}, its evidence and what people owe\n`,
    `  let applications read ${key.storedAs} from now on; what they read as ${from} stays until its generation is destroyed\n`,
  ].join('');
}

function assertLeft({ keys }: Workspace, key: Key, from: KeyId): void {
  const covering = keys.find(({ id, storedAs }) => id === from || storedAs === from);
  if (covering)
    throw new KeyturnError(
      'refused',
      covering.id === from
        ? `${from} is still in the policy`
        : `${covering.id} goes on with ${from} by formerly already`,
      { hint: covering.id === from ? 'remove it there first' : 'nothing is to be done' },
    );
  if (from.split('/')[0] !== key.account)
    throw new KeyturnError('refused', `${from} is of another account than ${key.id}`, {
      hint: 'a key belongs to one account at its venue; write account/name',
    });
}

async function assertInStore(workspace: Workspace, key: Key, from: KeyId): Promise<void> {
  const { stores } = workspace.ports.sources;
  const unnamed = new Map(
    await Promise.all(stores.map(async (store) => [store, await unnamedIn(workspace, store)] as const)),
  );
  if (unnamed.get(key.store)?.includes(from)) return;
  const other = stores.find((store) => unnamed.get(store)?.includes(from));
  if (other !== undefined)
    throw new KeyturnError('refused', `${from} lies in store ${other}, ${key.id} belongs to ${key.store}`, {
      hint: `set store: ${other} for account ${key.account}; material is not moved between stores`,
    });
  const meant = nearest(from, [...unnamed.values()].flat());
  throw new KeyturnError('not-found', `no store has a key ${from} that left its policy`, {
    hint: meant ? `did you mean ${meant}?` : 'keyturn status lists them as uncovered',
  });
}
