import { rolesOf } from '../record.ts';
import { EVIDENCE_CHECKS } from './evidence-checks.ts';
import type { KeyFacts } from './facts.ts';
import { type Finding, found } from './finding.ts';
import { MATERIAL_CHECKS } from './material-checks.ts';
import { PROBE_CHECKS } from './probe-checks.ts';
import { type KeyCheck, RECORD_CHECKS } from './record-checks.ts';

/** Every check speaks, in the order in which things are mended: record, material, evidence, then what the venue shows. */
const CHECKS: readonly KeyCheck[] = [...RECORD_CHECKS, ...MATERIAL_CHECKS, ...EVIDENCE_CHECKS, ...PROBE_CHECKS];

/** What is not as it should be with one key. A key that has no record yet has nothing that could be wrong. */
export function diagnose(facts: KeyFacts): Finding[] {
  const { key, hold, record, stored } = facts;
  if (hold) return [found(hold.reason, key.id, hold.message)];
  if (record === null || stored === null) return [];
  const patient = { ...facts, ...rolesOf(record), record, stored };
  return CHECKS.flatMap((check) => check(patient));
}
