import type { Gathered } from '../plan.ts';
import type { Probe } from '../probe.ts';
import type { KeyRecord, Roles } from '../record.ts';
import type { IdHolder } from './finding.ts';

/** What was looked at of one key, before anything is made of it. */
export interface KeyFacts extends Gathered {
  /** Null without a record that may be acted on. */
  stored: StoredFacts | null;
  /** Empty where no venue was asked. */
  probes: readonly ProbeFacts[];
  /** The address keyturn’s requests to this venue come from; null where it is not known. */
  insideAddress: string | null;
}

/** What the store holds of a key beside its record. */
export interface StoredFacts {
  /** What consumers read. */
  current: number | null;
  /** Every generation the store or the record knows. */
  material: readonly StoredPair[];
  /** Finished generations of the record’s history, with their documents; null: not there. */
  evidence: readonly { generation: number; document: string | null }[];
  /** Live pairs that do not open, and why. */
  unopened: readonly { generation: number; message: string }[];
}

export interface StoredPair {
  generation: number;
  state: 'absent' | 'live' | 'retired';
  fingerprint?: string | undefined;
}

/** What the venue answered to one generation’s harmless read. */
export interface ProbeFacts {
  generation: number;
  probe: Probe;
  /** The id of another generation of the account that works with this pair; null where none was found. */
  fitting: (IdHolder & { /** Whether that one would be left with an id that works. */ isMovable: boolean }) | null;
}

/** A key whose record is there and may be acted on. */
export interface Patient extends KeyFacts, Roles {
  record: KeyRecord;
  stored: StoredFacts;
}
