import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type Snapshot } from '../../src/core/decide.ts';
import { planOf } from '../../src/core/plan.ts';
import { REASONS } from '../../src/core/reasons.ts';
import { planMarkdown, renderCard } from '../../src/core/render.ts';
import { statusOf } from '../../src/core/status.ts';
import { tasksOf } from '../../src/core/tasks.ts';
import { OUTPUTS } from '../../src/outputs.ts';
import { savedPlanText } from '../../src/plan-file.ts';
import { someCapabilities } from '../build.ts';
import { aSituation } from './arbitrary-records.ts';

const someSituations = fc.uniqueArray(aSituation, { minLength: 1, maxLength: 5, selector: ({ key }) => key.id });
const withRoomFor = (keysPerAccount: number, situations: readonly Snapshot[]) =>
  situations.map((each) => ({
    ...each,
    capabilities: someCapabilities({ limits: { keysPerAccount, allowlistEntries: 30, ipv6: false } }),
  }));
const at = new Date('2026-06-01T12:00:00Z');
const byKey = (situations: readonly Snapshot[]) => new Map(planOf(situations, at).keys.map((each) => [each.key, each]));
const codes = new Set(Object.values(REASONS).flatMap((group) => Object.keys(group)));

describe('for any policies, records and clocks', { timeout: 60_000 }, () => {
  it('planning twice is the same plan, and changes nothing it looked at', () =>
    fc.assert(
      fc.property(someSituations, (situations) => {
        const before = structuredClone(situations.map(({ record, key }) => ({ record, key })));
        const plan = planOf(situations, at);
        expect(planOf(structuredClone(situations.map(withoutPatterns)) as Snapshot[], at)).toEqual(plan);
        expect(situations.map(({ record, key }) => ({ record, key }))).toEqual(before);
      }),
      { numRuns: 150 },
    ));

  it('there is a decision, its reason is in the table, and an action names a generation', () =>
    fc.assert(
      fc.property(aSituation, (situation) => {
        const { action, generation, reason, message } = decide(situation);
        expect(codes).toContain(reason);
        expect(message).not.toBe('');
        if (action !== null) expect(generation).toBeGreaterThan(0);
      }),
      { numRuns: 800 },
    ));

  it('decisions do not depend on the order of keys', () =>
    fc.assert(
      fc.property(someSituations, (situations) => {
        const roomy = withRoomFor(1_000, situations);
        expect(byKey(roomy.toReversed())).toEqual(byKey(roomy));
      }),
      { numRuns: 150 },
    ));

  it('but for what shares an account that is nearly full, where as many keys start in any order', () =>
    fc.assert(
      fc.property(someSituations, fc.integer({ min: 1, max: 4 }), (situations, limit) => {
        const crowded = withRoomFor(limit, situations);
        const [one, other] = [byKey(crowded), byKey(crowded.toReversed())];
        const starts = (plan: typeof one) => [...plan.values()].filter(({ action }) => action === 'generate').length;
        expect(starts(one)).toBe(starts(other));
        const differing = [...one.values()].filter(({ key, reason }) => other.get(key)?.reason !== reason);
        for (const { key } of differing)
          expect(new Set([one, other].map((plan) => plan.get(key)?.action))).toContain('generate');
      }),
      { numRuns: 150 },
    ));

  it('status, tasks and plan agree', () =>
    fc.assert(
      fc.property(aSituation, ({ key, record, capabilities, now, ...rest }) => {
        fc.pre(record !== null);
        const tasks = tasksOf(key, record, capabilities, now);
        const { overdue, due } = statusOf(key, record, capabilities, now);
        const isLate = record.next === null && due !== null && now > due;
        expect(overdue && !isLate && !tasks.some((task) => task.overdue)).toBe(false);
        expect(new Set(tasks.map(({ kind, generation }) => `${kind} ${generation}`)).size).toBe(tasks.length);
        const generations = record.generations.map(({ generation }) => generation);
        for (const task of tasks) {
          expect(generations).toContain(task.generation);
          expect(renderCard(task)).toContain(key.id);
          if (task.overdue) expect(overdue).toBe(true);
        }
        const { reason } = decide({ key, record, capabilities, now, ...rest, attempts: [] });
        const isAtRest = reason === 'not-due' && record.generations.length === 1 && record.current === generations[0];
        if (isAtRest) expect(tasks.filter(({ kind }) => kind !== 'delete')).toEqual([]);
      }),
      { numRuns: 500 },
    ));

  it('what is printed fits the published shape, and saves', () =>
    fc.assert(
      fc.property(someSituations, (situations) => {
        const plan = planOf(situations, at);
        const printed = JSON.parse(JSON.stringify({ formatVersion: 1, ...plan }));
        expect(OUTPUTS.plan.parse(printed)).toEqual(printed);
        expect(planMarkdown(plan)).toContain('| key |');
        expect(savedPlanText(plan, situations)).toContain('digest');
      }),
      { numRuns: 200 },
    ));
});

/** Patterns cannot be copied by structuredClone into what is equal to them. */
const withoutPatterns = ({ capabilities: { apiKey: _apiKey, ...capabilities }, ...rest }: Snapshot) => ({
  ...rest,
  capabilities,
});
