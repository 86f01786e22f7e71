import { KeyturnError } from '../../../src/errors.ts';
import type { KeyId } from '../../../src/ports/store.ts';

/**
 * What everything is called. A version’s id is the token it was written with, and AWS takes each token with one value only:
 * a token made of a number means “number N exactly once”.
 *
 *     g  material of a generation     c  what consumers read of it     r  revision of a record     e  evidence
 *     p  a passphrase of a generation whose key lies in another store
 *
 * Number 0 is the placeholder a secret starts with, because AWS makes its first version AWSCURRENT.
 */
const FAMILIES = { g: '67', c: '63', r: '72', e: '65', p: '70' } as const;
export type Family = keyof typeof FAMILIES;

const lead = (family: Family): string => `6b657974-75${FAMILIES[family]}-4000-8000-`;

export const versionId = (family: Family, number: number): string =>
  `${lead(family)}${number.toString(16).padStart(12, '0')}`;

/** The number in a version id of this family; null for any other id. */
export function numberIn(family: Family, id: string | undefined): number | null {
  if (!id?.startsWith(lead(family))) return null;
  const digits = id.slice(lead(family).length);
  return /^[0-9a-f]{12}$/.test(digits) ? Number.parseInt(digits, 16) : null;
}

/** Each staging label belongs to one version, so no write can take it from another one. */
export const labelOf = (family: 'g' | 'c' | 'e' | 'p', number: number): string => `keyturn-${family}${number}`;

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?$/;

export const isKeyId = (key: string): boolean => {
  const parts = key.split('/');
  return parts.length === 2 && parts.every((part) => NAME.test(part) && !part.includes('..'));
};

export function nameUnder(prefix: string, key: KeyId): string {
  if (isKeyId(key)) return `${prefix}/${key}`;
  throw new KeyturnError('invalid', `“${key}” is not a key id`, { hint: 'write account/name' });
}

/** The key a secret under this prefix belongs to; null for everything else. */
export function keyUnder(prefix: string, name: string): KeyId | null {
  const key = name.slice(prefix.length + 1);
  return name.startsWith(`${prefix}/`) && isKeyId(key) ? key : null;
}
