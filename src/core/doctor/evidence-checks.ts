import { documentHash, firstBrokenLink } from '../evidence.ts';
import { firstName } from '../record.ts';
import { found } from './finding.ts';
import type { KeyCheck } from './record-checks.ts';

/** Whether what was observed is still what is written. */

const documentIsNotAsWritten: KeyCheck = ({ key, record, stored }) =>
  record.history.flatMap(({ generation, evidence }) => {
    const document = stored.evidence.find((each) => each.generation === generation)?.document ?? null;
    if (document === null)
      return [found('evidence-missing', key.id, `the store has no evidence of generation ${generation}`)];
    return documentHash(document) === evidence
      ? []
      : [found('evidence-altered', key.id, `the evidence of generation ${generation} was changed after it was closed`)];
  });

const chainIsBroken: KeyCheck = ({ key, record }) =>
  record.generations.flatMap((each) => {
    const { generation, evidence } = each;
    const broken = firstBrokenLink(firstName(record.key, each), generation, evidence);
    return broken === null
      ? []
      : [
          found(
            'evidence-broken',
            key.id,
            `entry ${broken + 1} of the evidence of generation ${generation} does not fit`,
          ),
        ];
  });

const headIsNotTheNewest: KeyCheck = ({ key, record }) =>
  (record.history.at(-1)?.evidence ?? null) === record.evidenceHead
    ? []
    : [found('evidence-broken', key.id, 'the head of the evidence is not the newest document of the history')];

export const EVIDENCE_CHECKS: readonly KeyCheck[] = [documentIsNotAsWritten, chainIsBroken, headIsNotTheNewest];
