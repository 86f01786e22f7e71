import { describe, expect, it } from 'vitest';
import { countGroups, type Group, judge, type Verdict } from '../../src/core/proof.ts';
import type { Reason } from '../../src/core/reasons.ts';
import { aGeneration, aProbe, T } from '../build.ts';

const normal = { state: 'normal' as const, clockOffsetMs: 12 };
const baseline = { at: T(), answers: ['/sapi 200 - accepted', '/api 200 - accepted'] };
const aGroup = (changes: Partial<Group> = {}): Group => ({
  conditions: normal,
  positive: { generation: 8, probe: aProbe('alive') },
  negative: aProbe('dead'),
  subject: aProbe('dead'),
  list: null,
  ...changes,
});

const ROWS: Record<string, { group: Group; baseline?: typeof baseline | undefined; verdict: Verdict; reason: Reason }> =
  {
    'a key refused exactly like an unknown one, beside a live control, is seen dead': {
      group: aGroup(),
      verdict: 'dead',
      reason: 'seen-dead',
    },
    'a key that the account’s list lacks is dead, when the list has the one that must be there': {
      group: aGroup({ list: { subject: false, control: true }, negative: aProbe('refused') }),
      verdict: 'dead',
      reason: 'not-listed',
    },
    'a key without its private half is dead by the list alone': {
      group: aGroup({ list: { subject: false, control: true }, subject: null }),
      verdict: 'dead',
      reason: 'not-listed',
    },
    'a key without its private half and without a list stays open': {
      group: aGroup({ subject: null }),
      verdict: 'inconclusive',
      reason: 'no-private-half',
    },
    'a key that is still listed was not deleted, however it is refused': {
      group: aGroup({ list: { subject: true, control: true } }),
      verdict: 'inconclusive',
      reason: 'still-listed',
    },
    'a list that lacks the living key, too, is that of another account': {
      group: aGroup({ list: { subject: false, control: false } }),
      verdict: 'inconclusive',
      reason: 'list-incomplete',
    },
    'a list without a control counts only where the key is refused like an unknown one': {
      group: aGroup({ positive: null, list: { subject: false, control: null }, subject: aProbe('refused') }),
      verdict: 'inconclusive',
      reason: 'no-live-control',
    },
    'a list without a control, and the key refused like an unknown one': {
      group: aGroup({ positive: null, list: { subject: false, control: null } }),
      verdict: 'dead',
      reason: 'not-listed',
    },
    'a list without a control, and no private half to ask with: it may be the list of another account': {
      group: aGroup({ positive: null, list: { subject: false, control: null }, subject: null }),
      verdict: 'inconclusive',
      reason: 'no-private-half',
    },
    'a list without a control, where disabled keys are refused like unknown ones': {
      group: aGroup({
        positive: null,
        list: { subject: false, control: null },
        subject: aProbe('refused'),
        negative: aProbe('refused'),
      }),
      verdict: 'inconclusive',
      reason: 'no-live-control',
    },
    'a key that works is alive although the list lacks it': {
      group: aGroup({ list: { subject: false, control: true }, subject: aProbe('alive') }),
      verdict: 'alive',
      reason: 'still-works',
    },
    'a key that is accepted is alive, whatever the controls say': {
      group: aGroup({
        subject: aProbe('alive'),
        positive: null,
        conditions: { state: 'trouble', why: 'network', detail: '' },
      }),
      verdict: 'alive',
      reason: 'still-works',
    },
    'a key accepted by one endpoint only is alive': {
      group: aGroup({
        subject: {
          answers: [...aProbe('dead').answers.slice(0, 1), ...aProbe('alive').answers.slice(1)],
          inspection: null,
        },
      }),
      verdict: 'alive',
      reason: 'still-works',
    },
    'without a live control a refusal proves nothing': {
      group: aGroup({ positive: null }),
      verdict: 'inconclusive',
      reason: 'no-live-control',
    },
    'a stranger that is accepted voids the group, though the key is accepted, too': {
      group: aGroup({ negative: aProbe('alive'), subject: aProbe('alive') }),
      verdict: 'inconclusive',
      reason: 'stranger-accepted',
    },
    'a stranger that is accepted at one endpoint voids the group': {
      group: aGroup({
        negative: {
          answers: [...aProbe('dead').answers.slice(0, 1), ...aProbe('alive').answers.slice(1)],
          inspection: null,
        },
      }),
      verdict: 'inconclusive',
      reason: 'stranger-accepted',
    },
    'a control that is refused voids the group': {
      group: aGroup({ positive: { generation: 8, probe: aProbe('refused') } }),
      verdict: 'inconclusive',
      reason: 'control-refused',
    },
    'a control without answer voids the group': {
      group: aGroup({ positive: { generation: 8, probe: aProbe('trouble') } }),
      verdict: 'inconclusive',
      reason: 'server-error',
    },
    'an unknown key answered like a refused address tells nothing': {
      group: aGroup({ negative: aProbe('refused'), subject: aProbe('refused') }),
      verdict: 'inconclusive',
      reason: 'controls-alike',
    },
    'a key refused unlike an unknown one is disabled, not deleted': {
      group: aGroup({ subject: aProbe('refused') }),
      verdict: 'inconclusive',
      reason: 'still-known',
    },
    'a key whose signature is refused is known to the venue': {
      group: aGroup({ subject: aProbe('bad-signature') }),
      verdict: 'inconclusive',
      reason: 'signature-refused',
    },
    'no answer is no proof': {
      group: aGroup({ subject: aProbe('trouble') }),
      verdict: 'inconclusive',
      reason: 'server-error',
    },
    'maintenance is no proof': {
      group: aGroup({ conditions: { state: 'trouble', why: 'maintenance', detail: '' } }),
      verdict: 'inconclusive',
      reason: 'maintenance',
    },
    'clocks that differ by an hour prove nothing': {
      group: aGroup({ conditions: { state: 'normal', clockOffsetMs: -3_600_000 } }),
      verdict: 'inconclusive',
      reason: 'clock-skew',
    },
    'a venue that shows no time is believed': {
      group: aGroup({ conditions: { state: 'normal', clockOffsetMs: null } }),
      verdict: 'dead',
      reason: 'seen-dead',
    },
    'a key that never answered while alive cannot be proven dead': {
      group: aGroup(),
      baseline: undefined,
      verdict: 'inconclusive',
      reason: 'no-baseline',
    },
    'a key that answers as it always did cannot be proven dead': {
      group: aGroup(),
      baseline: { at: T(), answers: ['/sapi 400 -2008 unknown-key (Invalid Api-Key ID.)'] },
      verdict: 'inconclusive',
      reason: 'like-baseline',
    },
  };

describe('judge', () => {
  it.each(Object.entries(ROWS))('%s', (_sentence, row) => {
    const judgement = judge(row.group, 'baseline' in row ? row.baseline : baseline);
    expect({ verdict: judgement.verdict, reason: judgement.reason }).toEqual({
      verdict: row.verdict,
      reason: row.reason,
    });
  });
});

describe('countGroups', () => {
  const rule = { groups: 2, apart: 600 };
  const dead = judge(aGroup(), baseline);
  const seen = { ...aGeneration(7, 'deletionAsked'), deadGroups: [T()] };
  const at = (seconds: number) => new Date(T(seconds));

  it('counts the first group at once', () =>
    expect(countGroups(aGeneration(7, 'deletionAsked'), dead, at(0), rule)).toEqual([T()]));
  it('does not count a second group too soon', () => expect(countGroups(seen, dead, at(599), rule)).toEqual([T()]));
  it('counts a second group when its time has come', () =>
    expect(countGroups(seen, dead, at(600), rule)).toEqual([T(), T(600)]));
  it('does not count a group from before the first, when the clock was turned back', () =>
    expect(countGroups(seen, dead, at(-600), rule)).toEqual([T()]));
  it('keeps what was seen through trouble', () =>
    expect(countGroups(seen, judge(aGroup({ subject: aProbe('trouble') }), baseline), at(600), rule)).toEqual([T()]));
  it('starts anew after a sign of life', () => {
    expect(countGroups(seen, judge(aGroup({ subject: aProbe('alive') }), baseline), at(600), rule)).toEqual([]);
    expect(countGroups(seen, judge(aGroup({ subject: aProbe('refused') }), baseline), at(600), rule)).toEqual([]);
  });
});
