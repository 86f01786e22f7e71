import type { VenueCapabilities } from '../core/capabilities.ts';
import type { Key, Permission } from '../core/policy.ts';
import type { Conditions, Listing, Probe } from '../core/probe.ts';
import type { Clock } from './clock.ts';
import type { Credential, Keys } from './keys.ts';

export { ALGORITHMS, type Algorithm, PERMISSIONS, type Permission } from '../core/policy.ts';
export type { Answer, Inspection, ListedKey, NoInformation } from '../core/probe.ts';
export type { Conditions, Credential, Key, Listing, Probe, VenueCapabilities };

/**
 * Where the public halves are registered. All methods but those of `management` are harmless reads; they never throw for
 * what a venue or network does, since every such answer is itself information: trouble comes back as `no-information` or
 * `trouble`.
 */
export interface Venue {
  readonly capabilities: VenueCapabilities;
  /** Venue's clock and status, without a key. */
  conditions(): Promise<Conditions>;
  /** Asks each probe endpoint once with this key. The endpoints and their order are the same for every key. */
  probe(credential: Credential): Promise<Probe>;
  /** The same with a random well-formed key id and a throw-away pair: what a key the venue does not know looks like today. */
  probeStranger(): Promise<Probe>;
  /** The same from an address outside the allowlist; null where no such egress is configured. */
  probeOutside(credential: Credential): Promise<Probe | null>;
  /**
   * What of these permissions its switches give a key and the venue refuses it all the same, tried with harmless reads; a read
   * that says nothing is passed over.
   */
  refusedUses(credential: Credential, permissions: readonly Permission[]): Promise<RefusedUse[]>;
  /** What capabilities call `api`; each is null where only a person can do it. */
  readonly management: KeyManagement;
}

/**
 * Keys of an account by API. What the venue refuses comes back as `refused` with a sentence for people. Throws
 * `unavailable` where no usable answer came; the outcome is then unknown, and the caller looks before it tries again.
 */
export interface KeyManagement {
  /** Every key of the account: what is not in it does not exist. Trouble is a value here: listing is a harmless read. */
  list: ((account: string) => Promise<Listing>) | null;
  /** Registers a public half, permissions and allowlist included. The caller has seen that it is not registered yet. */
  register: ((registration: Registration) => Promise<Registered>) | null;
  /** Sets permissions and allowlist of a key as its policy says. */
  configure: ((apiKey: string, wanted: Key) => Promise<Changed>) | null;
  /** Deletes a key; `absent` when there is none. Some venues take the word of nobody but the key itself. */
  remove: ((account: string, subject: Removal) => Promise<Changed | { outcome: 'absent' }>) | null;
}

export interface RefusedUse {
  permission: Permission;
  /** Why, and what to do about it, as half a sentence. */
  message: string;
}

export interface Registration {
  /** Its permissions and allowlist are what the key gets. */
  key: Key;
  /** SPKI PEM. */
  publicKey: string;
  label: string;
}

export interface Removal {
  apiKey: string;
  /** Opens the private half of the key itself; null where the store does not have it. */
  credential: (() => Promise<Credential>) | null;
}

/** `person`: the venue registers it when a person asks, not by API; the message says why. */
export type Registered = { outcome: 'registered'; apiKey: string } | { outcome: 'person'; message: string } | Refused;
export type Changed = { outcome: 'changed' } | Refused;
export interface Refused {
  outcome: 'refused';
  message: string;
}

export const PEOPLE_ONLY: KeyManagement = { list: null, register: null, configure: null, remove: null };

/** What every kind of venue is opened with. */
export interface VenueDependencies {
  clock: Clock;
  keys: Keys;
  /** Where relative paths start. */
  folder: string;
  /** The way out that the allowlists contain; null: straight from here. */
  insideProxy: string | null;
  /** A way out that they do not contain. */
  outsideProxy: string | null;
  /** For one request, in milliseconds; 10 s by default. */
  timeoutMs?: number;
}
