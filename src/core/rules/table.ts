/**
 * Every rule a problem can break: what it demands, why, and what to do. The ids are stable. `docs/rules.md` and the rule
 * metadata of SARIF are written from here.
 */

export type Severity = 'error' | 'warning';

export interface RuleEntry {
  severity: Severity;
  /** What it demands, as one clause. */
  demands: string;
  /** What goes wrong where it is not kept. */
  why: string;
  /** What to change. */
  mend: string;
  /** When a waiver is reasonable; null: it cannot be waived. */
  waive: string | null;
}

const entry =
  (severity: Severity) =>
  (demands: string, why: string, mend: string, waive: string | null): RuleEntry => ({
    severity,
    demands,
    why,
    mend,
    waive,
  });
const error = entry('error');
const warning = entry('warning');

export const RULES = {
  'unique-key': error(
    'one purpose and one application per key, one key per name',
    'A key that two applications share cannot be replaced without stopping both, and nobody can tell which of them leaked it. Two keys with one name or one record would destroy each other’s material.',
    'Give each key of an account its own name, and each application one key for each purpose. `formerly` belongs on the one key that was renamed.',
    'While two entries are merged into one.',
  ),
  owner: error(
    'every key has an owner',
    'Tasks for a key that nobody answers for stay undone, and in an incident nobody knows what stops when it is deleted.',
    'Write `owner` with the team or person who answers for the key, on the key itself.',
    'While the ownership of a key is being settled; a few days.',
  ),
  'ip-allowlist': error(
    'every key has an allowlist; for keys that only read this is a warning',
    'Without one, whoever gets the private half can use it from anywhere. Some venues also delete keys without an allowlist that were not used for a while.',
    'List the addresses its application comes from, and keyturn’s own: `ipAllowlist: [203.0.113.7]`.',
    'For keys that only read, where a vendor calls from changing addresses.',
  ),
  'allowlist-entry': error(
    'entries are addresses or networks of /24 (IPv6: /64) or narrower without host bits, as many and of the kind the venue takes',
    'A wide network lets in neighbours you do not know; an entry the venue does not take is left out by the person who registers the key.',
    'List single addresses, or networks of `/24` (IPv6: `/64`) or narrower, written with their first address. Join neighbouring addresses when there are too many.',
    'For a provider’s network that cannot be narrowed, where the venue takes it.',
  ),
  'withdraw-alone': error(
    'no key both withdraws and trades',
    'Whoever gets such a key can move the price and carry the money away. Apart, each stolen key does less.',
    'Make two keys with two purposes: one that withdraws and one that trades.',
    'Hardly ever; say who reviewed it.',
  ),
  'withdraw-allowlist': error(
    'no key withdraws without an allowlist',
    'Whoever gets the private half could carry the money away from anywhere.',
    'List the addresses its application comes from: `ipAllowlist: [203.0.113.7]`.',
    'Hardly ever; Binance refuses such keys, too.',
  ),
  passphrase: error(
    'private keys are encrypted under a passphrase, and one in a store of its own lies in another store than the key',
    'A private half without one works for whoever reads the file: in a backup, in a log, on a lost disk. Two stores that are one keep nobody apart.',
    'Write `passphrase: required`, or leave it out; or name another store, `{ store: NAME }`. `docs/consumers.md` shows how applications open such a key.',
    'For an application that cannot open an encrypted key.',
  ),
  algorithm: error(
    'the venue accepts the algorithm for what the key may do',
    'The person who registers the public half would be refused, after the deadline has begun.',
    'Write one of the algorithms that the message names.',
    'Where the venue takes more than keyturn knows of it.',
  ),
  'venue-limit': error(
    'the keys of an account, and one more in overlap, are within the venue’s limit',
    'A rotation needs a place for the next key while the current one still works. A full account cannot rotate.',
    'Move keys to another account or sub-account, or remove those that nothing uses.',
    'Where the venue granted the account more; the waiver names the key that the problem stands at.',
  ),
  'worst-case-life': error(
    'no key lives longer than 97 days, even when everyone takes all the time they have',
    'What counts is how long a leaked key can work: `rotateEvery` + `registerWithin` + `overlap` + `revokeWithin`, not the interval alone.',
    'Shorten `rotateEvery`, or what people and applications are given: `registerWithin`, `overlap`, `revokeWithin`.',
    'For a key whose application can only be changed over a long overlap.',
  ),
  windows: warning(
    'a window opens within every lead',
    'When none opens in time, keyturn acts at `due` outside of them, or waits past it (`onMissedWindow: wait`).',
    'Add days to `windows`, or write a longer `lead`.',
    'Where acting late is meant.',
  ),
  freeze: warning(
    'no freeze is longer than lead and registerWithin together',
    'Keys that fall due inside a longer one are replaced late, all of them right after it.',
    'Shorten the freeze, or write a longer `lead` so that rotations happen before it.',
    'For a freeze that is decided, such as the end of a year.',
  ),
  'short-overlap': warning(
    'the overlap leaves consumers an hour or more',
    'An application that has not read the next key by its end goes on with one that is about to be deleted.',
    'Write an `overlap` of `1h` or more.',
    'For applications that read the key before each use.',
  ),
  'probe-egress': warning(
    'keyturn’s own address is on the allowlist',
    'The venue would refuse every probe, so that nothing could be verified and nothing proven dead.',
    'Add the address to `ipAllowlist`, or name another egress as `inside` of the venue in `keyturn.yaml`.',
    'While another egress is being set up.',
  ),
  'revocation-debt': error(
    'no key that should be dead still works',
    'A key that was replaced and still works is the risk that rotating was to end. It blocks the next rotation of that key.',
    'Delete the old key at the venue; `keyturn verify KEY` proves it. This is found in records, by `keyturn status` and `keyturn doctor`.',
    'Until a day on which the venue, or somebody who is away, can delete it.',
  ),
  waiver: error(
    'every waiver names a known rule and key, says why, and has not expired',
    'A waiver that names nothing silences nothing, and one that never ends is a rule that was given up without anybody saying so.',
    'Mend what it silences and remove it, or decide anew and write a later day.',
    null,
  ),
  'secret-material': error(
    'no private key and no secret stands in a policy or configuration',
    'Policies are read by everybody who reviews them and stay in the history of the repository.',
    'Remove it, treat it as known to everyone who can read the file, and replace it at once: `keyturn rotate KEY --compromised`. In `keyturn.yaml` write `{ env: NAME }` or `{ file: PATH }`.',
    null,
  ),
  schema: error(
    'every field is known and has the form it should have',
    'A misspelt field would silently mean nothing. keyturn acts on no file that it does not understand as a whole.',
    'Write what the message says; `policies/README.md` lists the fields, and editors complete them with `policies/schema.json`.',
    null,
  ),
  syntax: error(
    'the file is YAML 1.2 in UTF-8',
    'What cannot be read cannot be checked.',
    'Mend the line the message names: mostly indentation, a missing quote or a tab.',
    null,
  ),
} as const satisfies Record<string, RuleEntry>;

export type BuiltInRuleId = keyof typeof RULES;

/** Rules that people write themselves have a name space of their own, so that no later rule of keyturn's collides. */
export type CustomRuleId = `custom/${string}`;

export type RuleId = BuiltInRuleId | CustomRuleId;

export const isBuiltIn = (name: string): name is BuiltInRuleId => Object.hasOwn(RULES, name);

/** False for what is no rule, too. */
export const isWaivable = (name: string): boolean =>
  name.startsWith('custom/') || (isBuiltIn(name) && RULES[name].waive !== null);
