import { isEncrypted, type Key } from '../core/policy.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Listing } from '../ports/venue.ts';
import { readRecord } from '../records.ts';
import { Secret } from '../secret.ts';
import { readSecretReference } from '../secret-reference.ts';
import { type Adopted, adopt as adoptKey } from '../steps/adopt.ts';
import { actor, keyNamed, openWorkspace, toolsFor, type Workspace, type WorkspaceOptions } from '../workspace.ts';
import { adoptFrom } from './adopt-from.ts';
import type { CommandIo } from './io.ts';
import { idFrom, parseKeyId, takenIds } from './register.ts';

export interface AdoptOptions extends WorkspaceOptions {
  /** A key, or an account whose listed keys are adopted by their labels. */
  key: string;
  id?: string | undefined;
  keyId?: string | undefined;
  /** PEM file of the private half. */
  privateKey?: string | undefined;
  passphraseFile?: string | undefined;
  /** A key that left its policy, whose record and material go on as `key`. */
  from?: string | undefined;
  by?: string | undefined;
}

/** Takes on keys that people made before keyturn came. */
export async function adopt(options: AdoptOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  if (options.from !== undefined) {
    io.stdout.write(await adoptFrom(workspace, options, options.from));
    return EXIT.OK;
  }
  const isAccount = workspace.keys.some(({ account }) => account === options.key);
  const adopted = isAccount
    ? await adoptAccount(workspace, options)
    : [await adoptOne(workspace, keyNamed(workspace.keys, options.key), await idFrom('adopt', options, io), options)];
  io.stdout.write(adopted.map(([key, result]) => said(key, result)).join(''));
  return EXIT.OK;
}

async function adoptOne(
  workspace: Workspace,
  key: Key,
  id: string,
  { by, privateKey, passphraseFile }: AdoptOptions,
): Promise<[Key, Adopted]> {
  const tools = await toolsFor(workspace, key, actor(by));
  const apiKey = parseKeyId(id, tools.venue.capabilities);
  const read = (file: string) => readSecretReference({ file }, '.');
  const passphrase = passphraseFile === undefined ? null : withoutLineEnd(await read(passphraseFile));
  const pair =
    privateKey === undefined
      ? null
      : workspace.ports.keys.adopt(await read(privateKey), passphrase, isEncrypted(key.passphrase));
  const taken = await takenIds(workspace, key.account);
  return [key, await adoptKey(tools, await readRecord(tools.store, key.storedAs), { apiKey, pair, taken })];
}

/** Where the venue lists keys: those whose label is the name of a key of the policy, as keyturn itself would label them. */
async function adoptAccount(workspace: Workspace, options: AdoptOptions): Promise<[Key, Adopted][]> {
  if (options.privateKey !== undefined || options.id !== undefined || options.keyId !== undefined)
    throw new KeyturnError('usage', 'a whole account is adopted by the labels of its keys', {
      hint: `to give an id or a private half, name one key: ${options.key}/NAME`,
    });
  const keys = workspace.keys.filter(({ account }) => account === options.key);
  const adopted: [Key, Adopted][] = [];
  for (const key of keys) {
    const { store, venue } = await toolsFor(workspace, key, actor(options.by));
    if ((await readRecord(store, key.storedAs)) !== null) continue;
    const found = labelled(await listedBy(venue.management.list, key), key);
    if (found !== undefined) adopted.push(await adoptOne(workspace, key, found, options));
  }
  if (adopted.length > 0) return adopted;
  throw new KeyturnError(
    'not-found',
    `no key of account ${options.key} has the label of a key that is not adopted yet`,
    {
      hint: 'labels are the names in the policy; or adopt one key by its id: keyturn adopt ACCOUNT/NAME KEY-ID',
    },
  );
}

async function listedBy(list: ((account: string) => Promise<Listing>) | null, key: Key) {
  if (list === null)
    throw new KeyturnError('usage', `${key.venue} cannot list the keys of account ${key.account}`, {
      hint: 'adopt each key by its id: keyturn adopt ACCOUNT/NAME KEY-ID',
    });
  const listing = await list(key.account);
  if (listing.state === 'listed') return listing.keys;
  throw new KeyturnError(
    'unavailable',
    `the venue did not list the keys of account ${key.account} (${listing.detail})`,
    {
      hint: 'nothing was adopted; run again',
    },
  );
}

function labelled(keys: readonly { apiKey: string; label: string | null }[], { name }: Key): string | undefined {
  const matching = keys.filter(({ label }) => label === name);
  if (matching.length < 2) return matching[0]?.apiKey;
  throw new KeyturnError('refused', `${matching.length} keys at the venue are labelled ${name}`, {
    hint: 'adopt the one in use by its id, and delete the others',
  });
}

/** Editors and `echo` leave one. */
const withoutLineEnd = (secret: Secret): Secret => new Secret(secret.revealText().replace(/\r?\n$/, ''));

function said(key: Key, { generation, age, hasPrivateHalf, findings }: Adopted): string {
  const remarks = [
    ...(age === 'unknown' ? ['its age is unknown: it counts from today, and keyturn audit says so'] : []),
    ...(hasPrivateHalf
      ? []
      : ['its private half is not known: consumers read nothing from the store before the first rotation']),
    ...findings.map(({ message }) => `not as its policy says: ${message}`),
  ];
  return `${key.id} is adopted as generation ${generation}\n${remarks.map((remark) => `  ${remark}\n`).join('')}`;
}
