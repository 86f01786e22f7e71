/** What a venue answered to a harmless signed read, in words that decisions can be made from. */

/** Why an answer says nothing about the key. */
export type NoInformation =
  | 'network'
  | 'timeout'
  | 'unexpected-answer'
  | 'server-error'
  | 'maintenance'
  | 'rate-limited'
  | 'banned'
  | 'blocked'
  | 'clock-skew'
  | 'malformed-key-id'
  | 'second-factor'
  | 'other-server'
  | 'no-probe';

/** One endpoint's answer to one key. */
export interface Answer {
  /** Path, for example `/sapi/v1/account/apiRestrictions`. */
  endpoint: string;
  /**
   * `accepted` the key works · `unknown-key` the venue's table says that only keys it does not know get this ·
   * `refused` unknown key, address, permission or ban, it does not say which · `bad-signature` the key is known, the
   * signature does not fit it · `no-information` anything else.
   */
  kind: 'accepted' | 'unknown-key' | 'refused' | 'bad-signature' | 'no-information';
  /** HTTP status; null when no answer came. */
  status: number | null;
  /** The venue's own code; null when the answer had none. */
  code: number | null;
  /** The venue's message with addresses and digits blotted out, to compare answers by; empty when accepted. */
  shape: string;
  /** Only with `no-information`. */
  why?: NoInformation | undefined;
  /** Seconds, where the venue named them. */
  retryAfter?: number | undefined;
}

/** What an accepted key's own status read says about it. */
export interface Inspection {
  /** Every boolean permission field of the answer, known to us or not; `on` is null where the venue does not show it. */
  switches: { field: string; on: boolean | null }[];
  /** Whether the key is tied to an allowlist; null where the venue does not show it. */
  allowlistOn: boolean | null;
  /** The addresses and networks it is tied to; null where the venue does not show them. */
  allowlist: readonly string[] | null;
  /** SHA-256 of the SPKI DER the venue has for it, in lower-case hex; null where it does not show the public key. */
  fingerprint: string | null;
  /** ISO instant at which the venue says the key was made; null where it does not say. */
  createdAt: string | null;
  /** ISO instant at which the venue lets it expire; null where it does not, or does not say. */
  expiresAt: string | null;
  /** The venue's id of the account the key belongs to; null where it does not say. */
  accountUid: string | null;
  /** Every key of the account, where keys can list each other; null where they cannot. */
  siblings: readonly ListedKey[] | null;
}

/** All endpoints' answers to one key, and what it says about itself when it was accepted. */
export interface Probe {
  answers: Answer[];
  inspection: Inspection | null;
}

/** Whether the venue is fit to be asked at all. */
export type Conditions =
  | {
      state: 'normal' /** Venue's clock minus ours, in milliseconds; null where it shows none. */;
      clockOffsetMs: number | null;
    }
  | Trouble;

/** No usable answer, and why. */
export interface Trouble {
  state: 'trouble';
  why: NoInformation;
  detail: string;
  /** Seconds, where the venue named them. */
  retryAfter?: number | undefined;
}

/** One key as the venue lists it. */
export interface ListedKey {
  apiKey: string;
  label: string | null;
  /** SHA-256 of the SPKI DER in lower-case hex; null where the list does not show the public key. */
  fingerprint: string | null;
  /** ISO instant; null where it does not say. */
  createdAt: string | null;
  /** False for a key that exists and is switched off. */
  enabled: boolean;
}

/** All keys of one account, or why they cannot be known. */
export type Listing = { state: 'listed'; keys: ListedKey[] } | Trouble;
