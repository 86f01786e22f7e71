import { describe, expect, it } from 'vitest';
import type { Inspection, Probe } from '../../src/core/probe.ts';
import { allowlistProof, findingsOf, inseparable, unprovenOf } from '../../src/core/verification.ts';
import { aKey, anInspection, aProbe, someCapabilities } from '../build.ts';

const ROWS: Record<
  string,
  {
    probe: Probe;
    outside?: Probe;
    key?: Parameters<typeof aKey>[0];
    accountUid?: string;
    fingerprint?: string;
    codes: string[];
    says?: RegExp;
  }
> = {
  'exactly the permissions of its purpose': { probe: aProbe('alive'), codes: [] },
  'a missing permission names the switch': {
    probe: aProbe('alive', anInspection(['enableReading'])),
    codes: ['permission-missing'],
    says: /turn on “Enable Spot & Margin Trading”/,
  },
  'withdrawals on top': {
    probe: aProbe('alive', anInspection(['enableReading', 'enableSpotAndMarginTrading', 'enableWithdrawals'])),
    codes: ['permission-excess'],
    says: /turn off “Enable Withdrawals”/,
  },
  'a switch no purpose can ask for': {
    probe: aProbe('alive', anInspection(['enableReading', 'enableSpotAndMarginTrading', 'enableInternalTransfer'])),
    codes: ['permission-excess'],
  },
  'an unknown switch that is on': {
    probe: aProbe('alive', anInspection(['enableReading', 'enableSpotAndMarginTrading', 'enableTeleport'])),
    codes: ['permission-unknown'],
    says: /enableTeleport/,
  },
  'an unknown switch that is off is fine': {
    probe: aProbe(
      'alive',
      anInspection(undefined, { switches: [...anInspection().switches, { field: 'enableTeleport', on: false }] }),
    ),
    codes: [],
  },
  'no allowlist': {
    probe: aProbe('alive', anInspection(undefined, { allowlistOn: false })),
    codes: ['allowlist-off'],
    says: /203\.0\.113\.7/,
  },
  'no allowlist where the policy asks for none': {
    probe: aProbe('alive', anInspection(undefined, { allowlistOn: false })),
    key: { ipAllowlist: [] },
    codes: [],
  },
  'a key that works from outside its list': {
    probe: aProbe('alive'),
    outside: aProbe('alive'),
    codes: ['allowlist-open'],
  },
  'the very list of the policy, in another spelling': {
    probe: aProbe('alive', anInspection(undefined, { allowlist: ['198.51.100.0/28', '203.0.113.7/32'] })),
    key: { ipAllowlist: ['203.0.113.7', '198.51.100.0/28'] },
    codes: [],
  },
  'another list than the policy’s': {
    probe: aProbe('alive', anInspection(undefined, { allowlist: ['203.0.113.9', 'everywhere'] })),
    codes: ['allowlist-differs'],
    says: /correct “Restrict access to trusted IPs only”: add 203\.0\.113\.7, remove 203\.0\.113\.9, remove everywhere/,
  },
  'a list where the policy asks for none': {
    probe: aProbe('alive', anInspection(undefined, { allowlist: ['203.0.113.9'] })),
    key: { ipAllowlist: [] },
    codes: [],
  },
  'the public key it was registered with': {
    probe: aProbe('alive', anInspection(undefined, { fingerprint: 'a'.repeat(64) })),
    fingerprint: 'a'.repeat(64),
    codes: [],
  },
  'a public key that was swapped': {
    probe: aProbe('alive', anInspection(undefined, { fingerprint: 'b'.repeat(64) })),
    fingerprint: 'a'.repeat(64),
    codes: ['wrong-public-key'],
  },
  'several mistakes at once': {
    probe: aProbe('alive', anInspection(['enableReading', 'enableWithdrawals'], { allowlistOn: false })),
    codes: ['permission-missing', 'permission-excess', 'allowlist-off'],
  },
  'the wrong account': { probe: aProbe('alive'), accountUid: '1', codes: ['wrong-account'], says: /354937868/ },
  'the public key of something else': { probe: aProbe('bad-signature'), codes: ['wrong-public-key'] },
  'an id the venue does not know': { probe: aProbe('dead'), codes: ['unknown-key-id'] },
  'a refusal without a reason': { probe: aProbe('refused'), codes: ['refused'], says: /address keyturn runs from/ },
};

describe('findingsOf', () => {
  it.each(Object.entries(ROWS))('%s', (_sentence, { probe, outside, key, accountUid, fingerprint, codes, says }) => {
    const findings = findingsOf(probe, outside ?? null, {
      key: aKey(key),
      capabilities: someCapabilities(),
      accountUid: accountUid ?? null,
      fingerprint: fingerprint ?? null,
    });
    expect(findings.map(({ code }) => code)).toEqual(codes);
    if (says) expect(findings.map(({ message }) => message).join('\n')).toMatch(says);
  });
});

describe('what the venue does not show', () => {
  const unprovenIn = (inspection: Inspection, switches = someCapabilities().switches, key = aKey()) =>
    unprovenOf(inspection, {
      key,
      capabilities: { ...someCapabilities(), switches },
      accountUid: null,
      fingerprint: null,
    });
  const unseen = anInspection(undefined, {
    switches: someCapabilities().switches.map(({ field }) => ({ field, on: null })),
    allowlistOn: null,
  });

  it('is nothing where every switch and the allowlist are shown', () => expect(unprovenIn(anInspection())).toEqual([]));
  it('is no finding', () => {
    const probe = aProbe('alive', unseen);
    const expectation = { key: aKey(), capabilities: someCapabilities(), accountUid: null, fingerprint: null };
    expect(findingsOf(probe, null, expectation)).toEqual([]);
  });
  it('is said in words: permissions, excess and allowlist', () => {
    expect(unprovenIn(unseen)).toEqual([
      'that it may read + spot-trade',
      'that it may do nothing else',
      'that it is tied to its allowlist',
    ]);
  });
  it('is no allowlist that a refusal from outside has shown', () => {
    const expectation = { key: aKey(), capabilities: someCapabilities(), accountUid: null, fingerprint: null };
    expect(unprovenOf(anInspection(undefined, { allowlistOn: null }), expectation, aProbe('refused'))).toEqual([]);
  });
  it('is everything where the venue knows no permissions', () => {
    expect(unprovenIn({ ...unseen, switches: [] }, [], aKey({ ipAllowlist: [] }))).toEqual([
      'that it may read + spot-trade',
      'that it may do nothing else',
    ]);
  });
  it('is only what is not shown', () => {
    const [reading] = anInspection().switches;
    const others = unseen.switches.slice(1);
    expect(unprovenIn({ ...unseen, switches: [...(reading ? [reading] : []), ...others], allowlistOn: true })).toEqual([
      'that it may spot-trade',
      'that it may do nothing else',
    ]);
  });
});

describe('allowlistProof', () => {
  const silent = anInspection();
  it('is a list the venue shows', () =>
    expect(allowlistProof(anInspection(undefined, { allowlist: ['203.0.113.7'] }), null)).toBe('shown'));
  it('is a refusal from outside', () => expect(allowlistProof(silent, aProbe('refused'))).toBe('refused-outside'));
  it('is not there where nothing was shown or probed', () => expect(allowlistProof(silent, null)).toBe('unproven'));
  it('is not there where the switch is off', () =>
    expect(allowlistProof(anInspection(undefined, { allowlistOn: false, allowlist: [] }), null)).toBe('unproven'));
  it('is not silence', () => expect(allowlistProof(silent, aProbe('trouble'))).toBe('unproven'));
});

describe('a switch for several permissions', () => {
  const all = { field: 'trade', label: 'trade', permission: ['spot-trade', 'futures-trade'] as const };
  const capabilities = someCapabilities({ switches: [all] });
  const codesWith = (on: boolean, permissions: ['read'] | ['read', 'spot-trade']) =>
    findingsOf(aProbe('alive', anInspection(undefined, { switches: [{ field: 'trade', on }] })), null, {
      key: aKey({ permissions }),
      capabilities,
      accountUid: null,
      fingerprint: null,
    }).map(({ code }) => code);

  it('is on for any of them', () => expect(codesWith(true, ['read', 'spot-trade'])).toEqual([]));
  it('is missing for any of them', () =>
    expect(codesWith(false, ['read', 'spot-trade'])).toEqual(['permission-missing']));
  it('is off for none of them', () => expect(codesWith(true, ['read'])).toEqual(['permission-excess']));
  it('gives what the purpose did not ask for, which is said', () => {
    expect(inseparable(aKey(), capabilities)).toEqual(['futures-trade']);
    expect(inseparable(aKey({ permissions: ['read'] }), capabilities)).toEqual([]);
  });
});
