import type { RotationRequest } from '../../src/steps/request-rotation.ts';
import type { Stop } from './stops.ts';

/** What a worker is told, and may be killed in the middle of. */
export type Order = { stop?: Stop | null } & (
  | { order: 'pass' }
  | { order: 'register'; apiKey: string }
  | { order: 'rotate'; compromised: RotationRequest['compromised'] }
  | { order: 'carry-over'; from: string }
);

export interface Answer {
  /** `action outcome reason` of every step. */
  actions: string[];
  /** A KeyturnError, explained. */
  error?: string;
  /** Whether that says no more than that somebody else wrote first. */
  conflict?: boolean;
  /** Anything else that was thrown, which is a bug. */
  bug?: string;
  /** The reason for which the key waits. */
  waits?: string;
  /** How many moments to stop at have passed. */
  operations?: number;
}
