import { stat, statfs } from 'node:fs/promises';
import { KeyturnError } from '../../../src/errors.ts';
import { onPath } from './files.ts';

/** What the folder of a store must be like before anything is written there. */

export async function checkAccess(root: string, permissions: 'private' | 'group'): Promise<void> {
  const { mode } = await onPath(root, () => stat(root));
  const forbidden = permissions === 'group' ? 0o007 : 0o077;
  if ((mode & forbidden) === 0) return;
  throw new KeyturnError('denied', `${root} is open to others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`, {
    hint: `chmod 700 ${root}, or permissions: group where its group must have access`,
  });
}

/** Magic numbers of statfs(2). */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
]);

export async function checkFileSystem(root: string): Promise<void> {
  const { type } = await onPath(root, () => statfs(root));
  const name = NETWORK_FILE_SYSTEMS.get(type >>> 0);
  if (name === undefined) return;
  throw new KeyturnError('unsupported', `${root} lies on ${name}, where links are not always atomic`, {
    hint: 'put the store on a local disk, or set allowNetworkFileSystem: true after making sure that only one machine writes',
  });
}
