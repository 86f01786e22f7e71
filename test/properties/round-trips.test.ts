import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { memoryStore } from '../../providers/stores/memory.ts';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';
import { documentHash, evidenceDocument, firstBrokenLink } from '../../src/core/evidence.ts';
import { planOf } from '../../src/core/plan.ts';
import { PolicyFile } from '../../src/core/policy-schema.ts';
import { isKeyturnError } from '../../src/errors.ts';
import { entriesOf, parsePlan, savedPlanText } from '../../src/plan-file.ts';
import { readRecord, writeRecord } from '../../src/records.ts';
import { parseSource } from '../../src/source.ts';
import { anInstant, aPolicy } from './arbitrary-policies.ts';
import { anyRecord, aSituation } from './arbitrary-records.ts';

const KEY = 'desk/spot';
const clock = { now: () => new Date('2026-06-01T12:00:00Z') };

describe('parse after render is the identity', { timeout: 60_000 }, () => {
  it('of records, through a store', () =>
    fc.assert(
      fc.asyncProperty(anyRecord(KEY), async (record) => {
        const store = memoryStore({ clock });
        const written = await writeRecord(store, clock, null, record);
        expect(await readRecord(store, KEY)).toEqual(written);
        expect({ ...written, revision: 0, writeId: '', writtenAt: '' }).toEqual({
          ...record,
          revision: 0,
          writeId: '',
          writtenAt: '',
        });
      }),
      { numRuns: 150 },
    ));

  it('of saved plans; one that was edited is refused', () =>
    fc.assert(
      fc.property(fc.array(aSituation, { maxLength: 3 }), fc.nat(), (situations, where) => {
        const plan = planOf(situations, clock.now());
        const text = savedPlanText(plan, situations);
        expect(parsePlan(text, 'plan.json').keys).toEqual(entriesOf(plan, situations));
        const digits = [...text.matchAll(/[0-8]/g)].map(({ index }) => index);
        const edited = digits[where % digits.length] ?? 0;
        const other = `${text.slice(0, edited)}9${text.slice(edited + 1)}`;
        expect(() => parsePlan(other, 'plan.json')).toThrow(
          expect.toSatisfy((error: unknown) => isKeyturnError(error, 'invalid')),
        );
      }),
      { numRuns: 200 },
    ));

  it('of durations as policies write them', () =>
    fc.assert(
      fc.property(fc.nat(9_999_999), fc.constantFrom('s', 'm', 'h', 'd', 'w'), (count, unit) => {
        const seconds = parseDuration(`${count}${unit}`) ?? -1;
        expect(seconds).toBe(count * { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }[unit]);
      }),
    ));

  it('of durations as people read them, up to the two units that are shown', () =>
    fc.assert(
      fc.property(fc.nat(100 * 86_400), (seconds) => {
        const parts = formatDuration(seconds)
          .split(' ')
          .map((part) => parseDuration(part) ?? Number.NaN);
        const shown = parts.reduce((sum, part) => sum + part, 0);
        const left = seconds - shown;
        expect(left).toBeGreaterThanOrEqual(0);
        if (parts.length === 1) expect(left).toBe(0);
        expect(left).toBeLessThan(Math.min(...parts, 3_600) || 1);
      }),
      { numRuns: 2_000 },
    ));

  it('of evidence documents; a changed entry shows', () =>
    fc.assert(
      fc.property(anyRecord(KEY), fc.nat(), anInstant, (record, where, instant) => {
        for (const generation of record.generations) {
          const text = evidenceDocument(record, generation);
          const document = JSON.parse(text);
          expect(document.entries).toEqual(generation.evidence);
          expect(document.at).toEqual(generation.at);
          expect(firstBrokenLink(KEY, generation.generation, document.entries)).toBeNull();
          expect(documentHash(text)).toMatch(/^[0-9a-f]{64}$/);
          const index = where % Math.max(1, generation.evidence.length);
          const entry = generation.evidence[index];
          if (!entry || entry.at === instant) continue;
          const forged = generation.evidence.with(index, { ...entry, at: instant });
          expect(firstBrokenLink(KEY, generation.generation, forged)).toBe(index);
        }
      }),
      { numRuns: 200 },
    ));

  it('of policies as YAML and as JSON', () =>
    fc.assert(
      fc.property(aPolicy, fc.constantFrom(stringify, JSON.stringify), (policy, write) => {
        expect(PolicyFile.parse(policy)).toEqual(policy);
        const { value, problems } = parseSource('desk.yaml', write(policy));
        expect(problems).toEqual([]);
        expect(value).toEqual(policy);
      }),
      { numRuns: 150 },
    ));
});
