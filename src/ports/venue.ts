import type { VenueCapabilities } from '../core/capabilities.ts';
import type { Conditions, Probe } from '../core/probe.ts';
import type { Credential } from './keys.ts';

export type { Algorithm } from '../core/policy.ts';
export type { Answer, Inspection, NoInformation } from '../core/probe.ts';
export type { Conditions, Credential, Probe, VenueCapabilities };

/**
 * Where the public halves are registered. All methods are harmless reads; they never throw for what a venue or network
 * does, since every such answer is itself information: trouble comes back as `no-information` or `trouble`.
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
}
