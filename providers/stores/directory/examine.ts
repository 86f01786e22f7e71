import { join, resolve } from 'node:path';
import { isKeyturnError, KeyturnError } from '../../../src/errors.ts';
import type { KeyId, StoreFinding } from '../../../src/ports/store.ts';
import type { SecretReference } from '../../../src/secret-reference.ts';
import { checkAccess, checkFileSystem } from './access.ts';
import { besideIdentity, type Sealing } from './age.ts';
import { exists, isFolder } from './files.ts';
import { abandonedIn, type LeftBehind, leftBehind } from './left-behind.ts';

export interface Examined {
  /** Absolute. */
  root: string;
  identity: SecretReference;
  /** Where relative paths start. */
  folder: string;
  permissions: 'private' | 'group';
  allowNetworkFileSystem: boolean;
  seals: Sealing;
  keys: () => Promise<KeyId[]>;
}

/** Looks at identities, rights and what stops left behind. Opens no private half and changes nothing. */
export async function examine(store: Examined): Promise<StoreFinding[]> {
  const found = await Promise.all([identities(store), recovery(store), folder(store)]);
  return found.flat();
}

async function identities({ seals }: Examined): Promise<StoreFinding[]> {
  const recipients = await failed(() => seals.checkRecipients().then(none), { any: 'recipients-unfit' });
  const identity = await failed(() => seals.checkIdentity().then(none), {
    denied: 'identity-open',
    any: 'identity-missing',
  });
  const both = [...recipients, ...identity];
  if (both.length > 0 || (await seals.isOwnRecipient())) return both;
  return [
    {
      code: 'identity-foreign',
      severity: 'error',
      message: 'the identity belongs to none of the recipients, so keyturn could not open what it stores from now on',
      hint: 'use the identity the store was made with, or add its recipient (age-keygen -y prints it)',
    },
  ];
}

async function recovery({ identity, folder }: Examined): Promise<StoreFinding[]> {
  if (!('file' in identity)) return [];
  const path = besideIdentity(identity.file, 'recovery.txt');
  if (!(await exists(resolve(folder, path)))) return [];
  return [
    {
      code: 'recovery-beside',
      severity: 'warning',
      message: `${path} still lies beside the identity it is to replace when this machine is lost`,
      hint: `move ${path} to a safe place off this machine; nothing here needs it`,
    },
  ];
}

/** A folder that is not there yet is made when the first key is stored. */
async function folder({ root, permissions, allowNetworkFileSystem, keys }: Examined): Promise<StoreFinding[]> {
  if (!(await exists(root))) return [];
  if (!(await isFolder(root)))
    throw new KeyturnError('corrupt', `${root} is not a folder`, {
      hint: 'move it away, or name another path for the store in keyturn.yaml',
    });
  const rights = await failed(() => checkAccess(root, permissions).then(none), { any: 'folder-open' });
  const system = allowNetworkFileSystem
    ? []
    : await failed(() => checkFileSystem(root).then(none), { any: 'network-file-system' });
  const probes = (await abandonedIn(root)).map((path) => abandoned(path, `rm ${path}`));
  const perKey = await Promise.all((await keys()).map((key) => ofKey(root, key)));
  return [...rights, ...system, ...probes, ...perKey.flat()];
}

/** One key that cannot be looked at hides no other. */
async function ofKey(root: string, key: KeyId): Promise<StoreFinding[]> {
  const found = await failed(async () => described(root, key, await leftBehind(root, key)), {
    any: 'store-file-corrupt',
  });
  return found.map((finding) => ({ ...finding, key }));
}

const MEND = 'name the key in a policy; keyturn doctor --fix account/name then mends it';

function described(root: string, key: KeyId, { temporary, halfErased, link }: LeftBehind): StoreFinding[] {
  return [
    ...temporary.map((path) => abandoned(path, MEND)),
    ...halfErased.map(
      (generation): StoreFinding => ({
        code: 'half-erased',
        severity: 'error',
        message: `generation ${generation} is marked as erased, and private files of it are still there`,
        hint: MEND,
      }),
    ),
    ...(link
      ? [
          {
            code: 'current-link',
            severity: 'error' as const,
            message: `${join(root, key, 'current')} shows ${link.shown ?? 'nothing'}, the newest promotion says ${link.target ?? 'nothing'}: readers get the wrong key`,
            hint: MEND,
          },
        ]
      : []),
  ];
}

const abandoned = (path: string, hint: string): StoreFinding => ({
  code: 'left-over-files',
  severity: 'warning',
  message: `${path} was being written more than an hour ago, when a run stopped`,
  hint,
});

const none = (): StoreFinding[] => [];

/** What a look says, or what stood in its way as a finding; `codes` names it by the kind of error. */
async function failed(
  look: () => Promise<StoreFinding[]>,
  codes: { denied?: string; any: string },
): Promise<StoreFinding[]> {
  try {
    return await look();
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    const code = error.code === 'denied' ? (codes.denied ?? codes.any) : codes.any;
    return [{ code, severity: 'error', message: error.message, hint: error.hint ?? 'look at it' }];
  }
}
