import { KeyturnError } from '../errors.ts';
import { parseAllowlist } from './allowlist.ts';
import type { Offer } from './offers.ts';
import type { RegisteredKey, Restrictions } from './registry.ts';

/** What stands in the boxes of a create or edit form, as text. */
export interface FormValues {
  label: string;
  publicKey: string;
  passphrase: string;
  on: readonly string[];
  ipRestrict: boolean;
  ipAllowlist: string;
}

export const emptyForm = ({ initiallyOn }: Offer): FormValues => ({
  label: '',
  publicKey: '',
  passphrase: '',
  on: initiallyOn,
  ipRestrict: false,
  ipAllowlist: '',
});

export const valuesOfKey = (key: RegisteredKey): FormValues => ({
  label: key.label,
  publicKey: key.publicKey.pem,
  passphrase: '',
  on: key.on,
  ipRestrict: key.ipAllowlist !== null,
  ipAllowlist: key.ipAllowlist?.join('\n') ?? '',
});

/**
 * Reads a posted form over the values it started from. Switches come as a set: once one is posted, on or off, those
 * that are missing are off, as browsers leave out unticked boxes; when none is posted they stay as they were. Addresses
 * without `ipRestrict` mean that it is on. Throws `invalid` for a value that is neither on nor off.
 */
export function readForm(form: URLSearchParams, start: FormValues, { switches }: Offer): FormValues {
  const posted = switches.map(({ field }) => field).filter((field) => form.has(field));
  const ipAllowlist = form.get('ipAllowlist') ?? start.ipAllowlist;
  const restrictedByDefault = form.has('ipAllowlist') ? ipAllowlist.trim() !== '' : start.ipRestrict;
  return {
    label: form.get('label') ?? start.label,
    publicKey: form.get('publicKey') ?? start.publicKey,
    passphrase: form.get('passphrase') ?? start.passphrase,
    on: posted.length === 0 ? start.on : posted.filter((field) => isOn(form, field)),
    ipRestrict: form.has('ipRestrict') ? isOn(form, 'ipRestrict') : restrictedByDefault,
    ipAllowlist,
  };
}

/** Throws `invalid` when the key is to be tied to addresses and they are missing or wrong. */
export const restrictionsOf = ({
  on,
  ipRestrict,
  ipAllowlist,
}: Pick<FormValues, 'on' | 'ipRestrict' | 'ipAllowlist'>): Restrictions => ({
  on,
  ipAllowlist: ipRestrict ? parseAllowlist(ipAllowlist) : null,
});

// The last value counts: the page posts a hidden `false` before a box, and the box's own `true` after it.
function isOn(form: URLSearchParams, name: string): boolean {
  const value = form.getAll(name).at(-1)?.toLowerCase() ?? '';
  if (['true', 'on', '1'].includes(value)) return true;
  if (['false', 'off', '0', ''].includes(value)) return false;
  throw new KeyturnError('invalid', `${name} is neither true nor false`);
}
