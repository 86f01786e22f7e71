import { deletionDeadline } from '../due.ts';
import { minute } from '../instant.ts';
import type { Probe } from '../probe.ts';
import { describeAnswer, troubleOf } from '../proof.ts';
import { type Generation, maskApiKey, type Finding as Shortcoming } from '../record.ts';
import { findingsOf } from '../verification.ts';
import type { Patient, ProbeFacts } from './facts.ts';
import { type Finding, found } from './finding.ts';
import type { KeyCheck } from './record-checks.ts';
import type { FindingCode } from './table.ts';

/** What the venue’s answers show. One refusal never proves that a key is dead; only what is found here. */

type Asked = ProbeFacts & { of: Generation };

const isKind = ({ answers }: Probe, kind: Probe['answers'][number]['kind']): boolean =>
  answers.some((answer) => answer.kind === kind);

const everyProbe: KeyCheck = (patient) =>
  patient.probes.flatMap((facts) => {
    const of = patient.record.generations.find(({ generation }) => generation === facts.generation);
    return of ? whatShows(patient, { ...facts, of }) : [];
  });

function whatShows(patient: Patient, asked: Asked): Finding[] {
  const { key, record } = patient;
  const trouble = troubleOf(asked.probe);
  if (trouble) return [found('probe-inconclusive', key.id, `generation ${asked.generation}: ${trouble.message}`)];
  if (isBeingTakenOut(patient, asked)) return stillWorks(patient, asked);
  if (isKind(asked.probe, 'bad-signature')) return [wrongPair(patient, asked)];
  return asked.generation === record.current ? ofCurrent(patient, asked) : ofNext(patient, asked);
}

const isBeingTakenOut = ({ record }: Patient, { of, generation }: Asked): boolean =>
  of.at.deletionAsked !== undefined || (generation !== record.current && generation !== record.next);

function stillWorks({ key, now }: Patient, { of, probe }: Asked): Finding[] {
  const deadline = deletionDeadline(of, key.schedule);
  if (!isKind(probe, 'accepted') || now <= deadline) return [];
  const message = `generation ${of.generation} was to be deleted by ${minute(deadline)}, and the venue still accepts it`;
  return [found('previous-still-works', key.id, message)];
}

function wrongPair({ key }: Patient, { of, generation, fitting }: Asked): Finding {
  const wrong = `the venue knows key id ${maskApiKey(of.apiKey ?? '')} of generation ${generation} with another public key`;
  if (fitting === null) return found('wrong-public-key', key.id, wrong);
  const { isMovable, ...other } = fitting;
  const message = `${wrong}; the id that fits, ${maskApiKey(other.apiKey)}, was handed in for generation ${other.generation} of ${other.key}`;
  return isMovable && !of.at.verified
    ? found('crosswise-ids', key.id, message, { mend: { kind: 'swap-ids', generation, other } })
    : found('crosswise-ids', key.id, message, { next: `hand each id in where it belongs: keyturn register ${key.id}` });
}

function ofCurrent(patient: Patient, { of, probe }: Asked): Finding[] {
  const { key } = patient;
  if (probe.inspection === null) {
    const code = isKind(probe, 'unknown-key') ? 'current-dead' : 'current-refused';
    const answers = probe.answers.map(describeAnswer).join(', ');
    return [found(code, key.id, `the venue refused generation ${of.generation}, which consumers read (${answers})`)];
  }
  return shortcomings(patient, { of, probe }).map(({ code, message }) =>
    found(OF_CURRENT[code] ?? 'permissions-changed', key.id, `generation ${of.generation} in use: ${message}`),
  );
}

const OF_CURRENT: Readonly<Record<string, FindingCode>> = {
  'allowlist-off': 'allowlist-removed',
  'allowlist-differs': 'allowlist-changed',
  'wrong-account': 'wrong-account',
};

const ofNext = (patient: Patient, { of, probe }: Asked): Finding[] =>
  shortcomings(patient, { of, probe }).map(({ message }) =>
    found('next-not-as-policy', patient.key.id, `generation ${of.generation}: ${message}`),
  );

const shortcomings = (
  { key, capabilities, record }: Patient,
  { of, probe }: Pick<Asked, 'of' | 'probe'>,
): Shortcoming[] =>
  findingsOf(probe, null, {
    key,
    capabilities,
    accountUid: record.accountUid ?? null,
    fingerprint: of.fingerprint ?? null,
  });

export const PROBE_CHECKS: readonly KeyCheck[] = [everyProbe];
