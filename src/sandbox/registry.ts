import { createHash } from 'node:crypto';
import { KeyturnError } from '../errors.ts';
import { type HouseName, OFFERS, type Offer } from './offers.ts';
import { type PublicKey, parsePublicKey } from './public-key.ts';
import { assertKeeps, loadKeys, saveKeys } from './state-file.ts';

/** What a key may do, and from where. */
export interface Restrictions {
  on: readonly string[];
  /** Addresses and networks; null when the key is not tied to any. */
  ipAllowlist: readonly string[] | null;
}

export interface RegisteredKey extends Restrictions {
  /** Where it is registered. */
  house: HouseName;
  /** What the exchange made up, for example 64 alphanumeric characters. */
  apiKey: string;
  account: string;
  label: string;
  publicKey: PublicKey;
  /** What every request must carry, where the exchange wants that. */
  passphrase: string | null;
  /** Milliseconds since 1970, by the sandbox's clock. */
  createTime: number;
}

interface Draft extends Restrictions {
  house: HouseName;
  account: string;
  label: string;
  /** As a person pasted it. */
  publicKey: string;
  passphrase: string | null;
}

/** All keys of all accounts. A change is in the state file when its call returns, and did not happen when it throws. */
export interface Registry {
  /** The account's keys, oldest first. */
  list(house: HouseName, account: string): RegisteredKey[];
  find(apiKey: string): RegisteredKey | undefined;
  /** A key that was deleted since the sandbox was started. */
  deleted(apiKey: string): { key: RegisteredKey; at: Date } | undefined;
  /** The one made last at an exchange, of whatever account. */
  newest(house: HouseName): RegisteredKey | undefined;
  /** Throws `invalid`, `refused`, `quota` beyond the exchange’s number of keys, and `conflict` for a public key the account has already. */
  create(draft: Draft, at: Date): RegisteredKey;
  /** Throws `not-found` and `refused`. */
  edit(apiKey: string, restrictions: Restrictions): RegisteredKey;
  /** Throws `not-found`. */
  remove(apiKey: string, at: Date): void;
}

const FIX: readonly string[] = ['enableFixApiTrade', 'enableFixReadOnly'];
const MIN_PASSPHRASE = 8;
const MAX_PASSPHRASE = 32;

/** Without a file (null) the keys live in memory only. Throws `corrupt` when the file is not a state of the sandbox, `denied` when it cannot be written. */
export function openRegistry(stateFile: string | null): Registry {
  if (stateFile !== null) assertKeeps(stateFile);
  let keys = new Map((stateFile === null ? [] : loadKeys(stateFile)).map((key) => [key.apiKey, key]));

  const deleted = new Map<string, { key: RegisteredKey; at: Date }>();

  // Saved before it counts, so that memory never knows more than the file. All of it is synchronous: no change can slip
  // in between another one's check and its write.
  function commit(next: Map<string, RegisteredKey>): void {
    if (stateFile !== null) saveKeys(stateFile, [...next.values()]);
    keys = next;
  }

  const list = (house: HouseName, account: string) =>
    [...keys.values()].filter((key) => key.house === house && key.account === account);

  function demand(apiKey: string): RegisteredKey {
    const key = keys.get(apiKey);
    if (key === undefined) throw new KeyturnError('not-found', 'there is no such API key');
    return key;
  }

  return {
    list,
    find: (apiKey) => keys.get(apiKey),
    deleted: (apiKey) => deleted.get(apiKey),
    newest: (house) => [...keys.values()].filter((key) => key.house === house).at(-1),
    create(draft, at) {
      const { house, account, label } = draft;
      const offer = OFFERS[house];
      const publicKey = parsePublicKey(draft.publicKey, offer.kinds);
      checkAccount(account);
      checkLabel(label, offer.labels);
      checkRestrictions(draft, publicKey);
      checkRoom(list(house, account), publicKey, offer.maxKeys);
      const passphrase = offer.hasPassphrase ? checkedPassphrase(draft.passphrase) : null;
      const key = { ...draft, apiKey: offer.newKeyId(), publicKey, passphrase, createTime: at.getTime() };
      commit(new Map(keys).set(key.apiKey, key));
      return key;
    },
    edit(apiKey, { on, ipAllowlist }) {
      const key = { ...demand(apiKey), on, ipAllowlist };
      checkRestrictions(key, key.publicKey);
      commit(new Map(keys).set(apiKey, key));
      return key;
    },
    remove(apiKey, at) {
      const key = demand(apiKey);
      const next = new Map(keys);
      next.delete(apiKey);
      commit(next);
      deleted.set(apiKey, { key, at });
    },
  };
}

/** Nine digits that stay the same for a name. */
export function accountUid(account: string): number {
  const hash = createHash('sha256').update(account).digest().readUIntBE(0, 6);
  return 100_000_000 + (hash % 900_000_000);
}

/** Throws `invalid` for a name that no account has. */
export function checkAccount(account: string): void {
  if (/^[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9])?$/.test(account)) return;
  throw new KeyturnError('invalid', 'the account has no valid name', {
    hint: 'write up to 80 lower-case letters, digits, dots, dashes and underscores, no sign at either end',
  });
}

function checkLabel(label: string, { maxLength, wordsOnly }: Offer['labels']): void {
  const written = label.trim() !== '' && label.length <= maxLength && !/\p{Cc}/u.test(label);
  if (written && (!wordsOnly || /^\w+$/.test(label))) return;
  const what = wordsOnly ? 'letters, digits and underscores' : 'characters on one line';
  throw new KeyturnError('invalid', `the label needs 1 to ${maxLength} ${what}`);
}

function checkedPassphrase(passphrase: string | null): string {
  const { length } = passphrase ?? '';
  if (passphrase !== null && length >= MIN_PASSPHRASE && length <= MAX_PASSPHRASE) return passphrase;
  throw new KeyturnError('invalid', `the passphrase needs ${MIN_PASSPHRASE} to ${MAX_PASSPHRASE} characters`);
}

function checkRestrictions({ on, ipAllowlist }: Restrictions, publicKey: PublicKey): void {
  if (on.includes('enableWithdrawals') && ipAllowlist === null) {
    throw new KeyturnError('refused', 'withdrawals can only be enabled on a key with an IP access restriction', {
      hint: 'choose Restrict access to trusted IPs only, and write the addresses',
    });
  }
  if (publicKey.kind !== 'Ed25519' && FIX.some((field) => on.includes(field))) {
    throw new KeyturnError('refused', `FIX API access needs an Ed25519 key, and this one is ${publicKey.kind}`, {
      hint: 'switch it off, or register an Ed25519 key',
    });
  }
}

function checkRoom(keys: RegisteredKey[], publicKey: PublicKey, most: number): void {
  if (keys.some((key) => key.publicKey.fingerprint === publicKey.fingerprint)) {
    throw new KeyturnError('conflict', 'this public key is registered in the account already', {
      hint: 'make a new pair for every key',
    });
  }
  if (keys.length >= most) {
    throw new KeyturnError('quota', `an account takes at most ${most} keys`, { hint: 'delete one first' });
  }
}
