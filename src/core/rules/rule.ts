import type { VenueCapabilities } from '../capabilities.ts';
import type { Key, Schedule } from '../policy.ts';
import { type Draft, type Field, isLegible, type Policy } from '../resolve-policy.ts';

/** Every id a problem can carry, and what it demands. The ids are stable. */
export const RULES = {
  'unique-key': 'one purpose and one application per key, one key per name',
  owner: 'every key has an owner',
  'ip-allowlist': 'every key has an allowlist; for keys that only read this is a warning',
  'allowlist-entry':
    'entries are addresses or networks of /24 (IPv6: /64) or narrower without host bits, as many and of the kind the venue takes',
  'withdraw-alone': 'no key both withdraws and trades',
  'withdraw-allowlist': 'no key withdraws without an allowlist',
  passphrase: 'private keys are encrypted under a passphrase',
  algorithm: 'the venue accepts the algorithm',
  'venue-limit': 'the keys of an account, and one more in overlap, are within the venue’s limit',
  'worst-case-life': 'no key lives longer than 97 days, even when everyone takes all the time they have',
  windows: 'a window opens within every lead',
  freeze: 'no freeze is longer than lead and registerWithin together',
  'short-overlap': 'the overlap leaves consumers an hour or more',
  'probe-egress': 'keyturn’s own address is on the allowlist',
  'revocation-debt': 'no key that should be dead still works',
  waiver: 'every waiver names a known rule and key, says why, and has not expired',
  'secret-material': 'no private key and no secret stands in a policy or configuration',
  schema: 'every field is known and has the form it should have',
  syntax: 'the file is YAML 1.2 in UTF-8',
} as const satisfies Record<string, string>;

/** Rules that people write themselves have a name space of their own, so that no later rule of keyturn's collides. */
export type CustomRuleId = `custom/${string}`;
const isCustom = (rule: string): rule is CustomRuleId => rule.startsWith('custom/');

export type RuleId = keyof typeof RULES | CustomRuleId;

const NEVER_WAIVED: readonly string[] = ['syntax', 'schema', 'waiver', 'secret-material'] satisfies RuleId[];
export const isWaivable = (rule: string): boolean =>
  isCustom(rule) || (Object.hasOwn(RULES, rule) && !NEVER_WAIVED.includes(rule));

export type Severity = 'error' | 'warning';
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
  rules?: readonly KeyRule[];
}

/** One key at a time. */
export interface KeyRule {
  id: RuleId;
  severity: Severity;
  check: (draft: Draft, policy: Policy, surroundings: Surroundings) => Remark[];
}

interface Spec<F extends Field, S extends keyof Schedule, Rest extends readonly unknown[]> {
  id: RuleId;
  severity: Severity;
  /** The fields it looks at. It is silent about keys on which one of them cannot be read. */
  reads: readonly F[];
  /** The same, of `schedule`. */
  timing?: readonly S[];
  says: (key: Pick<Key, F> & { schedule: Pick<Schedule, S> }, ...rest: Rest) => Remark[];
}

export function keyRule<F extends Field, S extends keyof Schedule = never>(
  spec: Spec<F, S, [policy: Policy]>,
): KeyRule {
  const { id, severity, reads, timing = [], says } = spec;
  return { id, severity, check: (draft, policy) => (isLegible(draft, reads, timing) ? says(draft, policy) : []) };
}

/** The same for rules that need to know the venue; silent where it is unknown, which is a problem of its own. */
export function venueRule<F extends Field, S extends keyof Schedule = never>(
  spec: Spec<F, S, [venue: VenueFacts]>,
): KeyRule {
  const { id, severity, reads, timing = [], says } = spec;
  return {
    id,
    severity,
    check: (draft, { venue }, { venues }) => {
      const facts = venue === undefined ? undefined : venues.get(venue);
      return facts !== undefined && isLegible(draft, reads, timing) ? says(draft, facts) : [];
    },
  };
}
