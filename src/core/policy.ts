/** The words of a policy, and a key as the rest of keyturn sees it: defaults merged in, durations in seconds. */

export const PERMISSIONS = [
  'read',
  'spot-trade',
  'margin',
  'futures-trade',
  'options-trade',
  'transfer',
  'withdraw',
  'fix-read',
  'fix-trade',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** The built-in purposes and what they expand to; a policy may add its own. */
export const PURPOSES = {
  'spot-trading': ['read', 'spot-trade'],
  'futures-trading': ['read', 'futures-trade'],
  'tax-data': ['read'],
  'trading-data': ['read'],
} as const satisfies Record<string, readonly Permission[]>;

export const ALGORITHMS = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/**
 * How a private key is encrypted: `required` under a passphrase beside it, `store` under one that lies in another store, `none`
 * not at all.
 */
export type Protection = 'required' | 'none' | { store: string };

/** Names of the stores that hold something of a key. */
export const storesOf = ({ store, passphrase }: Pick<Key, 'store' | 'passphrase'>): string[] =>
  typeof passphrase === 'object' ? [store, passphrase.store] : [store];

/** Whether there is a passphrase, wherever it lies. */
export const isEncrypted = (protection: Protection): boolean => protection !== 'none';

/** `account/name`. */
export type KeyId = string;

/** Open on these days from `from` up to, not including, `to`, by the clock on the wall in `timeZone`. */
export interface Window {
  days: Weekday[];
  /** `HH:MM`. */
  from: string;
  /** `HH:MM`, or `24:00`. */
  to: string;
  /** IANA name. */
  timeZone: string;
}

/** Whole UTC days, both included, as `YYYY-MM-DD`. */
export interface Freeze {
  from: string;
  to: string;
  reason: string;
}

/** All durations in seconds. */
export interface Schedule {
  lead: number;
  registerWithin: number;
  overlap: number;
  revokeWithin: number;
  windows: Window[];
  freezes: Freeze[];
  onMissedWindow: 'act' | 'wait';
}

/** One entry of a policy, complete. */
export interface Key {
  id: KeyId;
  account: string;
  name: string;
  /** The id under which store and record know it: its first name, where `formerly` says so. */
  storedAs: KeyId;
  application: string;
  purpose: string;
  permissions: Permission[];
  owner: string | null;
  /** Names of entries in the configuration. */
  venue: string;
  store: string;
  algorithm: Algorithm;
  ipAllowlist: string[];
  passphrase: Protection;
  /** Seconds, a whole number of days. */
  rotateEvery: number;
  schedule: Schedule;
  /** Where it is written, for messages. */
  source: { file: string; line: number };
}

/** Seconds from registering a generation to its end, when everybody uses all of the time they have. */
export const worstCaseLife = ({
  rotateEvery,
  schedule,
}: Pick<Key, 'rotateEvery'> & { schedule: Pick<Schedule, 'registerWithin' | 'overlap' | 'revokeWithin'> }): number =>
  rotateEvery + schedule.registerWithin + schedule.overlap + schedule.revokeWithin;

/** One rule silenced for one key until the end of a day in UTC. */
export interface Waiver {
  rule: string;
  key: KeyId;
  reason: string;
  /** The last day, `YYYY-MM-DD`. */
  until: string;
  source: { file: string; line: number };
}

export const isInForce = ({ until }: Pick<Waiver, 'until'>, today: Date): boolean =>
  until >= today.toISOString().slice(0, 10);
