import { describe, expect, it } from 'vitest';
import type { Probe } from '../../src/core/probe.ts';
import { allowlistProof, findingsOf } from '../../src/core/verification.ts';
import { aKey, anInspection, aProbe, someCapabilities } from '../build.ts';

const ROWS: Record<
  string,
  {
    probe: Probe;
    outside?: Probe;
    key?: Parameters<typeof aKey>[0];
    accountUid?: string;
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
  it.each(Object.entries(ROWS))('%s', (_sentence, { probe, outside, key, accountUid, codes, says }) => {
    const findings = findingsOf(probe, outside ?? null, {
      key: aKey(key),
      capabilities: someCapabilities(),
      accountUid: accountUid ?? null,
    });
    expect(findings.map(({ code }) => code)).toEqual(codes);
    if (says) expect(findings.map(({ message }) => message).join('\n')).toMatch(says);
  });
});

describe('allowlistProof', () => {
  it('is proven by a refusal from outside', () => expect(allowlistProof(aProbe('refused'))).toBe('proven'));
  it('is not proven where nothing was probed from outside', () => expect(allowlistProof(null)).toBe('unproven'));
  it('is not proven by silence', () => expect(allowlistProof(aProbe('trouble'))).toBe('unproven'));
});
