import type { VenueCapabilities } from '../capabilities.ts';
import type { Key, Schedule } from '../policy.ts';
import { type Draft, type Field, isLegible, type Policy } from '../resolve-policy.ts';
import type { BuiltInRuleId, CustomRuleId, RuleId, Severity } from './table.ts';

export type Path = readonly (string | number)[];

/** What one rule has to say about one place. */
export interface Remark {
  /** From the key down, or from the top of the file where it is not about one key. */
  at: Path;
  message: string;
  /** What to write instead. */
  help: string;
  /** Only where it differs from the rule's own. */
  severity?: Severity;
  /** A name that means nothing here and those that would, so that the reader can be offered the nearest. */
  unknown?: { name: string; known: readonly string[] };
}

export interface Finding extends Remark {
  rule: RuleId;
  severity: Severity;
  file: string;
  /** Place of the key among those of its file; null for what is not about one key. */
  key: number | null;
}

export interface VenueFacts {
  capabilities: VenueCapabilities;
  /** The address keyturn's own probes come from, where it is known. */
  insideAddress: string | null;
}

/** What rules may know beside the policies. */
export interface Surroundings {
  venues: ReadonlyMap<string, VenueFacts>;
  stores: ReadonlySet<string>;
  today: Date;
  /** Rules beside the built-in ones. */
  rules?: readonly CustomRule[];
}

/** One key at a time. */
export interface KeyRule {
  id: BuiltInRuleId;
  check: (draft: Draft, policy: Policy, surroundings: Surroundings) => Remark[];
}

/** A rule beside the built-in ones, which have a table for what is not the check itself. */
export interface CustomRule {
  id: CustomRuleId;
  severity: Severity;
  /** What is said of every key that breaks it. */
  message: string;
  help: string;
  check: KeyRule['check'];
}

interface Spec<F extends Field, S extends keyof Schedule, Rest extends readonly unknown[]> {
  id: BuiltInRuleId;
  /** The fields it looks at. It is silent about keys on which one of them cannot be read. */
  reads: readonly F[];
  /** The same, of `schedule`. */
  timing?: readonly S[];
  says: (key: Pick<Key, F> & { schedule: Pick<Schedule, S> }, ...rest: Rest) => Remark[];
}

export function keyRule<F extends Field, S extends keyof Schedule = never>(
  spec: Spec<F, S, [policy: Policy]>,
): KeyRule {
  const { id, reads, timing = [], says } = spec;
  return { id, check: (draft, policy) => (isLegible(draft, reads, timing) ? says(draft, policy) : []) };
}

/** The same for rules that need to know the venue; silent where it is unknown, which is a problem of its own. */
export function venueRule<F extends Field, S extends keyof Schedule = never>(
  spec: Spec<F, S, [venue: VenueFacts]>,
): KeyRule {
  const { id, reads, timing = [], says } = spec;
  return {
    id,
    check: (draft, { venue }, { venues }) => {
      const facts = venue === undefined ? undefined : venues.get(venue);
      return facts !== undefined && isLegible(draft, reads, timing) ? says(draft, facts) : [];
    },
  };
}
