import { expect, it } from 'vitest';
import { auditAccount } from '../../src/core/audit.ts';
import { aGeneration, aKey, aRecord } from '../build.ts';

it('a key whose record left its policy is not called nobody’s, whose deletion would be advised', () => {
  const mine = aGeneration(7, 'promoted', { apiKey: 'a'.repeat(64) });
  const left = aGeneration(3, 'promoted', { apiKey: 'b'.repeat(64) });
  const listed = ['a', 'b', 'c'].map((letter) => ({
    apiKey: letter.repeat(64),
    label: null,
    fingerprint: null,
    createdAt: null,
    enabled: true,
  }));
  const key = aKey();
  const found = auditAccount({
    account: key.account,
    keys: [{ key, record: aRecord({ roles: { current: mine } }) }],
    uncovered: [aRecord({ roles: { current: left } })],
    listed,
    limit: 30,
  });
  expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
    expect.stringMatching(/^unowned key cccc…cccc/),
  ]);
});
