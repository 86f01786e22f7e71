import type { Switch, VenueCapabilities } from './capabilities.ts';
import type { Key } from './policy.ts';
import type { Inspection, Probe } from './probe.ts';
import type { Finding } from './record.ts';

/** What a key may do compared with what its policy says: a missing permission and an extra one are both findings. */

export interface Expectation {
  key: Key;
  capabilities: VenueCapabilities;
  /** The account the key's other generations belong to; null when none was seen yet. */
  accountUid: string | null;
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
  if (kinds.has('bad-signature')) {
    return finding(
      'wrong-public-key',
      'the venue knows this key id with another public key: delete that key, create one with the public key below, and hand in its id',
    );
  }
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

/** Which switches the purpose wants on, and which must be off. */
export function wantedSwitches(key: Key, capabilities: VenueCapabilities): { on: Switch[]; off: Switch[] } {
  const wanted = ({ permission }: Switch) => permission !== null && key.permissions.includes(permission);
  return { on: capabilities.switches.filter(wanted), off: capabilities.switches.filter((each) => !wanted(each)) };
}

function switchFindings({ switches }: Inspection, { key, capabilities }: Expectation): Finding[] {
  const { on, off } = wantedSwitches(key, capabilities);
  const state = new Map(switches.map(({ field, on: isOn }) => [field, isOn]));
  const known = new Set(capabilities.switches.map(({ field }) => field));
  return [
    ...on
      .filter(({ field }) => state.get(field) !== true)
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

function allowlistFindings(
  { allowlistOn }: Inspection,
  outside: Probe | null,
  { key, capabilities }: Expectation,
): Finding[] {
  if (key.ipAllowlist.length === 0) return [];
  const label = capabilities.allowlistLabel;
  if (!allowlistOn)
    return [finding('allowlist-off', `turn on “${label}” with ${key.ipAllowlist.join(', ')}`, { label })];
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

function accountFindings({ accountUid }: Inspection, expected: Expectation): Finding[] {
  if (expected.accountUid === null || accountUid === null || accountUid === expected.accountUid) return [];
  return [
    finding(
      'wrong-account',
      `it belongs to account ${accountUid}, the others to ${expected.accountUid}: delete it, create it in the right account, and hand in its id`,
    ),
  ];
}

/** Whether a refusal from outside was seen; what was not probed is not assumed. */
export const allowlistProof = (outside: Probe | null): 'proven' | 'unproven' =>
  outside !== null && outside.answers.length > 0 && outside.answers.every(({ kind }) => kind === 'refused')
    ? 'proven'
    : 'unproven';
