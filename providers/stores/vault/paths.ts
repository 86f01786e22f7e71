import { KeyturnError } from '../../../src/errors.ts';
import type { KeyId } from '../../../src/ports/store.ts';

/**
 * Where everything of a key lies below mount and prefix:
 *
 *     <account>/<name>/record          what is known of the key, never secret
 *                      gen/<g>         the pair; only version 1
 *                      public/<g>      its public half and fingerprint, to be read without the right to read the pair
 *                      api-key/<g>     the key id the venue gave
 *                      current         what consumers read
 *                      evidence/<g>    written once, when a generation is finished
 *                      passphrase/<g>  of a key that lies in another store; only version 1
 */

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?$/;

export const isName = (text: string): boolean => NAME.test(text) && !text.includes('..');

/** Documents of one key; `numbered` ones exist once for each generation. */
export type Single = 'record' | 'current';
export type Numbered = 'gen' | 'public' | 'api-key' | 'evidence' | 'passphrase';

export function pathOf(key: KeyId, document: Single): string;
export function pathOf(key: KeyId, document: Numbered, generation: number): string;
export function pathOf(key: KeyId, document: string, generation?: number): string {
  const folder = folderOf(key);
  return generation === undefined ? `${folder}/${document}` : `${folder}/${document}/${generation}`;
}

/** Names are checked before they become part of a path, so nothing in them can lead elsewhere. */
export function folderOf(key: KeyId): string {
  const parts = key.split('/');
  if (parts.length === 2 && parts.every(isName)) return key;
  throw new KeyturnError('invalid', `“${key}” is not a key id`, { hint: 'write account/name' });
}
