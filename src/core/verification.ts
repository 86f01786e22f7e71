import { formatNetwork, parseNetwork } from './address.ts';
import type { Switch, VenueCapabilities } from './capabilities.ts';
import type { Key, Permission } from './policy.ts';
import type { Inspection, Probe } from './probe.ts';
import type { Finding } from './record.ts';

/** What a key may do compared with what its policy says: a missing permission and an extra one are both findings. */

export interface Expectation {
  key: Key;
  capabilities: VenueCapabilities;
  /** The account the key's other generations belong to; null when none was seen yet. */
  accountUid: string | null;
  /** Of the public half that was registered; null where keyturn never had it. */
  fingerprint: string | null;
}

/** Findings of a probe that brought information; empty means: exactly as the policy says, as far as the venue shows it. */
export function findingsOf(probe: Probe, outside: Probe | null, expected: Expectation): Finding[] {
  return probe.inspection === null ? [refusal(probe)] : inspectionFindings(probe.inspection, expected, outside);
}

/** What a key says of itself that is not as it should be. */
export const inspectionFindings = (
  inspection: Inspection,
  expected: Expectation,
  outside: Probe | null = null,
): Finding[] => [
  ...publicKeyFindings(inspection, expected),
  ...switchFindings(inspection, expected),
  ...allowlistFindings(inspection, outside, expected),
  ...accountFindings(inspection, expected),
];

const finding = (code: string, message: string, { label }: { label: string | null } = { label: null }): Finding => ({
  code,
  switch: label,
  message,
});

function refusal(probe: Probe): Finding {
  const kinds = new Set(probe.answers.map(({ kind }) => kind));
  if (kinds.has('bad-signature')) return wrongPublicKey();
  if (kinds.has('unknown-key')) {
    return finding(
      'unknown-key-id',
      'the venue does not know this key id: check it for typing mistakes and hand in the right one',
    );
  }
  return finding(
    'refused',
    'the venue refuses the key without saying why: check that it is enabled for reading, and that the allowlist also holds the address keyturn runs from',
  );
}

/** A permission that is on and has no effect. */
export const uselessPermission = (message: string): Finding => finding('permission-refused', message);

const wrongPublicKey = (): Finding =>
  finding(
    'wrong-public-key',
    'the venue knows this key id with another public key: hand in the id of a key made with the public key below; the other one may be somebody else’s, so delete it only if it was made for this by mistake',
  );

const publicKeyFindings = (inspection: Inspection, expected: Expectation): Finding[] =>
  inspection.fingerprint === null || expected.fingerprint === null || inspection.fingerprint === expected.fingerprint
    ? []
    : [wrongPublicKey()];

/** Which switches the purpose wants on, and which must be off. */
export function wantedSwitches(key: Key, capabilities: VenueCapabilities): { on: Switch[]; off: Switch[] } {
  const wanted = (each: Switch) => given(each).some((permission) => key.permissions.includes(permission));
  return { on: capabilities.switches.filter(wanted), off: capabilities.switches.filter((each) => !wanted(each)) };
}

const given = ({ permission }: Switch): Permission[] => [permission ?? []].flat();

/** What a key can do beyond its purpose, because the venue has one switch for both. */
export function inseparable(key: Key, capabilities: VenueCapabilities): Permission[] {
  const all = wantedSwitches(key, capabilities).on.flatMap(given);
  return [...new Set(all)].filter((permission) => !key.permissions.includes(permission));
}

function switchFindings({ switches }: Inspection, { key, capabilities }: Expectation): Finding[] {
  const { on, off } = wantedSwitches(key, capabilities);
  const state = new Map(switches.map(({ field, on: isOn }) => [field, isOn]));
  const known = new Set(capabilities.switches.map(({ field }) => field));
  return [
    ...on
      .filter(({ field }) => !state.get(field) && state.get(field) !== null)
      .map(({ label }) => finding('permission-missing', `turn on “${label}”`, { label })),
    ...off
      .filter(({ field }) => state.get(field) === true)
      .map(({ label }) => finding('permission-excess', `turn off “${label}”`, { label })),
    ...switches
      .filter(({ field, on: isOn }) => isOn && !known.has(field))
      .map(({ field }) =>
        finding(
          'permission-unknown',
          `turn off the switch the venue calls “${field}”: keyturn does not know what it allows`,
          { label: field },
        ),
      ),
  ];
}

/** What the venue does not show of a working key, so that nobody may call it proven; half-sentences, none for Binance. */
export function unprovenOf(
  inspection: Inspection,
  { key, capabilities }: Expectation,
  outside: Probe | null = null,
): string[] {
  const { switches, allowlistOn } = inspection;
  const shown = new Set(switches.flatMap(({ field, on }) => (on === null ? [] : [field])));
  const { on, off } = wantedSwitches(key, capabilities);
  const seen = on.filter(({ field }) => shown.has(field)).flatMap(({ permission }) => permission ?? []);
  const unseen = key.permissions.filter((permission) => !seen.includes(permission));
  const mayDoMore = capabilities.switches.length === 0 || off.some(({ field }) => !shown.has(field));
  return [
    ...(unseen.length > 0 ? [`that it may ${unseen.join(' + ')}`] : []),
    ...(mayDoMore ? ['that it may do nothing else'] : []),
    ...(allowlistOn === null && key.ipAllowlist.length > 0 && allowlistProof(inspection, outside) === 'unproven'
      ? ['that it is tied to its allowlist']
      : []),
  ];
}

function allowlistFindings(
  { allowlistOn, allowlist }: Inspection,
  outside: Probe | null,
  { key, capabilities }: Expectation,
): Finding[] {
  if (key.ipAllowlist.length === 0) return [];
  const label = capabilities.allowlistLabel;
  if (allowlistOn === false)
    return [finding('allowlist-off', `turn on “${label}” with ${key.ipAllowlist.join(', ')}`, { label })];
  const differences = allowlist === null ? [] : differencesOf(allowlist, key.ipAllowlist);
  if (differences.length > 0)
    return [finding('allowlist-differs', `correct “${label}”: ${differences.join(', ')}`, { label })];
  if (outside?.answers.some(({ kind }) => kind === 'accepted')) {
    return [
      finding(
        'allowlist-open',
        `it also works from an address outside ${key.ipAllowlist.join(', ')}: correct the list`,
        { label },
      ),
    ];
  }
  return [];
}

function differencesOf(shown: readonly string[], wanted: readonly string[]): string[] {
  const [there, needed] = [shown.map(normalised), wanted.map(normalised)];
  return [
    ...needed.filter((each) => !there.includes(each)).map((each) => `add ${each}`),
    ...there.filter((each) => !needed.includes(each)).map((each) => `remove ${each}`),
  ];
}

/** What is no address is shown as the venue has it. */
function normalised(entry: string): string {
  const network = parseNetwork(entry);
  return network === null ? entry : formatNetwork(network);
}

function accountFindings({ accountUid }: Inspection, expected: Expectation): Finding[] {
  if (expected.accountUid === null || accountUid === null || accountUid === expected.accountUid) return [];
  return [
    finding(
      'wrong-account',
      `it belongs to account ${accountUid}, the others to ${expected.accountUid}: delete it, create it in the right account, and hand in its id`,
    ),
  ];
}

/** How a key without findings is known to be tied to its addresses; what was neither shown nor probed is not assumed. */
export function allowlistProof(inspection: Inspection | null, outside: Probe | null): AllowlistProof {
  if (inspection?.allowlistOn && inspection.allowlist !== null) return 'shown';
  const isRefused = outside !== null && outside.answers.length > 0;
  return isRefused && outside.answers.every(({ kind }) => kind === 'refused') ? 'refused-outside' : 'unproven';
}

export type AllowlistProof = 'shown' | 'refused-outside' | 'unproven';
