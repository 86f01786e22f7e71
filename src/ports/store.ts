import type { KeyId } from '../core/policy.ts';
import type { Secret } from '../secret.ts';

export type { KeyId };

/** One generation's pair as a store keeps it. */
export interface Material {
  /** PKCS#8 PEM. */
  privateKey: Secret;
  /** Opens `privateKey`; null when it is not encrypted. */
  passphrase: Secret | null;
  /** SPKI PEM. */
  publicKey: string;
  /** Lower-case hex SHA-256 of the SPKI DER (64 characters). */
  fingerprint: string;
}

export interface MaterialState {
  /** `retired`: was there, its private half is erased, and never comes back. */
  state: 'absent' | 'live' | 'retired';
  fingerprint?: string;
  createdAt?: Date;
}

/** One passphrase a generation, written once. The store that has the key says which generation is current. */
export interface PassphraseShelf {
  /** Durable when it returns. Never overwrites: `other` keeps what was there first. Throws `gone` for a retired one. */
  put(key: KeyId, generation: number, passphrase: Secret): Promise<'created' | 'same' | 'other'>;
  /** Throws `not-found` or `gone`. */
  read(key: KeyId, generation: number): Promise<Secret>;
  /** Erases it, or puts it out of reach where the store can do no more. Repeatable; one that never was stays so. */
  retire(key: KeyId, generation: number): Promise<'erased' | 'detached' | 'already'>;
}

/** A record as the store holds it: a text under a revision. What the text means is not the store's business. */
export interface StoredDocument {
  text: string;
  /** Counts up from 1. */
  revision: number;
}

/**
 * What every store takes of one record. Records stay under half of it, but for keys of which more than three generations wait
 * for their end, as after one leak upon the other: those must go on, too.
 */
export const MAX_RECORD_BYTES = 32 * 1024;

export interface StoreCapabilities {
  /** What retiring achieves: `erased` the private half is gone, `detached` it is only out of reach. */
  erasure: 'erased' | 'detached';
  /** False when a read may return what was true a while ago. */
  freshReads: boolean;
  recordWritesPerDay: number;
  /** Largest record, in bytes. */
  maxRecordBytes: number;
}

/** Something about a store that somebody should know. */
export interface StoreFinding {
  /** Stable; docs/doctor.md lists them. */
  code: string;
  severity: 'error' | 'warning';
  message: string;
  /** What to do about it, as an imperative sentence without a full stop. */
  hint: string;
  /** Where it is about one key only. */
  key?: KeyId;
}

/**
 * What planning may do: read, and never a private half. "There is nothing" is null, `absent` or an empty list;
 * "the store did not answer" is a thrown `unavailable`, `throttled` or `denied`; what is there but unreadable is `corrupt`.
 */
export interface StoreReader {
  readonly capabilities: StoreCapabilities;
  /** Every key with a record or material, sorted; may lag behind. */
  listKeys(): Promise<KeyId[]>;
  readRecord(key: KeyId): Promise<StoredDocument | null>;
  /** Numbers of all generations with material, live or retired, ascending. Works without a record. */
  listGenerations(key: KeyId): Promise<number[]>;
  statMaterial(key: KeyId, generation: number): Promise<MaterialState>;
  /** The generation consumers read; null before the first promotion, and once it was withdrawn. May need the right to read what they read. */
  statCurrent(key: KeyId): Promise<number | null>;
  /** The evidence of a finished generation, or null. */
  readEvidence(key: KeyId, generation: number): Promise<string | null>;
  /** What a look at the store shows that somebody should know. Reads no private half; throws as reading does where none is possible. */
  examine(): Promise<StoreFinding[]>;
  /** Lets go of what the store holds of others, such as logins. Never throws; afterwards nothing may be asked any more. */
  close(): Promise<void>;
}

/** A store as it is opened: both halves over one connection and under one login. Closing either closes it. */
export interface OpenStore {
  /** All that planning gets. */
  reader: StoreReader;
  store: Store;
}

/**
 * A secret store. No transactions and no locks: every write is create-once or compare-and-swap, and may be repeated
 * after a stop at any instruction. Any number of workers may call at once.
 */
export interface Store extends StoreReader {
  /** Passphrases of keys that lie in another store: whoever reads one of the two stores alone cannot sign. */
  readonly passphrases: PassphraseShelf;
  /**
   * Throws the reason (`unsupported`, `denied`, `unavailable`, `invalid`) for which this store should not be used, for
   * records only or for material, too. Reads no values of keys.
   */
  check(use: 'records' | 'material'): Promise<void>;
  /**
   * Writes the next revision if the newest one is still `expected`, else throws `conflict` and changes nothing.
   * Refuses (`quota`) texts over `maxRecordBytes` before sending. After `unavailable` with `ambiguous` the caller looks.
   */
  writeRecord(key: KeyId, text: string, expected: number | 'absent'): Promise<number>;
  /** Durable when it returns. Never overwrites: `same` has that fingerprint already, `other` keeps what was there first. Throws `gone` for a retired generation. */
  putMaterial(key: KeyId, generation: number, material: Material): Promise<'created' | 'same' | 'other'>;
  /** What was stored, checked against its fingerprint. Throws `not-found`, `gone` or `corrupt`. */
  readMaterial(key: KeyId, generation: number): Promise<Material>;
  /**
   * Moves what consumers read from one whole key to another, in one step that readers cannot see half done, after the
   * key id was put beside the material (create-once). `already` when `to` is current. Throws `conflict` when current is
   * neither, `not-found` or `gone` when `to` has no live material, `refused` when another key id stands beside it.
   */
  promote(key: KeyId, move: { from: number | null; to: number; apiKey: string }): Promise<'moved' | 'already'>;
  /**
   * Consumers read nothing of this key any more, where they read this generation: it goes on under another name. What was
   * current may then be retired. `already` when they read another one, or nothing.
   */
  withdraw(key: KeyId, generation: number): Promise<'withdrawn' | 'already'>;
  /** Erases the private half and its passphrase; the rest stays as a tombstone. Refuses (`refused`) what is current. Repeatable. */
  retireMaterial(key: KeyId, generation: number): Promise<'erased' | 'detached' | 'already'>;
  /** Create-once: `same` or `other` when there is one already, which is kept. */
  putEvidence(key: KeyId, generation: number, text: string): Promise<'created' | 'same' | 'other'>;
  /**
   * Completes what stops left half done inside the store where the store alone knows how it ends, and never touches what it
   * does not know. Returns what it did, one sentence each; nothing to do is an empty list. Repeatable.
   */
  tidy(key: KeyId): Promise<string[]>;
}
