import { admits } from '../address.ts';
import { decide, situationOf } from '../decide.ts';
import { dueOf } from '../due.ts';
import { later, minute } from '../instant.ts';
import { isClosed, maskApiKey } from '../record.ts';
import { tasksOf } from '../tasks.ts';
import { debtBlocksRotation } from '../waits.ts';
import type { Patient } from './facts.ts';
import { FINISHABLE, type Finding, type Finishable, found } from './finding.ts';

/** What a key’s record shows: steps that were left half done, and what people owe. */

export type KeyCheck = (patient: Patient) => Finding[];

const claimEnd = ({ record, claimMargin }: Patient): Date | null =>
  record.claim ? later(record.claim.until, claimMargin) : null;

const isHeld = (patient: Patient): boolean => {
  const end = claimEnd(patient);
  return end !== null && patient.now < end;
};

const claimIsHeld: KeyCheck = (patient) => {
  const { record, key } = patient;
  const end = claimEnd(patient);
  if (!record.claim || end === null) return [];
  const { by } = record.claim;
  return isHeld(patient)
    ? [
        found(
          'claimed',
          key.id,
          `${by} is in the middle of a step; its claim is respected until ${minute(end)}, whether it still works or not`,
        ),
      ]
    : [
        found('dead-claim', key.id, `${by} stopped in the middle of a step; its claim was over ${minute(end)}`, {
          mend: { kind: 'release-claim' },
        }),
      ];
};

const stepIsUnfinished: KeyCheck = (patient) => {
  const { record, key } = patient;
  if (!record.intent || isHeld(patient)) return [];
  const { action, generation, at } = record.intent;
  const message = `a run that began to ${action} generation ${generation} at ${minute(new Date(at))} did not finish`;
  return isFinishable(action) && mayFinish(patient, action, generation)
    ? [found('unfinished-step', key.id, message, { mend: { kind: 'finish', action, generation } })]
    : [
        found('unfinished-step', key.id, message, {
          next: 'keyturn plan says what comes next, keyturn apply does it',
        }),
      ];
};

const isFinishable = (action: string): action is Finishable => FINISHABLE.some((each) => each === action);

/** What consumers read already is only recorded; everything else must be what a pass would do now. */
function mayFinish(patient: Patient, action: Finishable, generation: number): boolean {
  if (action === 'promote' && patient.stored.current === generation) return true;
  const { claim: _over, ...record } = patient.record;
  const decision = decide({ ...patient, record, room: true, attempts: [] });
  return decision.action === action && decision.generation === generation;
}

const keyIdIsUnverified: KeyCheck = ({ key, next, now }) => {
  if (!next?.apiKey || next.at.verified || !next.at.registered) return [];
  const { registered } = next.at;
  const message = `key id ${maskApiKey(next.apiKey)} of generation ${next.generation} was handed in ${minute(new Date(registered))} and is not verified`;
  return [
    found(now > later(registered, key.schedule.registerWithin) ? 'unverified-long' : 'unverified', key.id, message),
  ];
};

const taskIsOverdue: KeyCheck = ({ key, record, capabilities, now }) =>
  tasksOf(key, record, capabilities, now)
    .filter(({ overdue }) => overdue)
    .map(({ kind, generation, owner, deadline }) =>
      found(
        'task-overdue',
        key.id,
        `${owner ?? 'nobody named'} was to ${DUTY[kind]} generation ${generation} by ${minute(deadline)}`,
      ),
    );

const DUTY = { register: 'register', fix: 'correct', delete: 'delete' } as const;

const debtHoldsUp: KeyCheck = (patient) => {
  const conclusion = debtBlocksRotation(
    situationOf({ ...patient, room: true, attempts: [] }, patient.record, dueOf(patient)),
  );
  return conclusion ? [found('debt', patient.key.id, conclusion.message)] : [];
};

/** One rotation needs two: current beside next or previous. */
const LIVE_IDS_OF_A_ROTATION = 2;

const idsAreMany: KeyCheck = ({ key, record }) => {
  const ids = record.generations
    .filter((each) => !isClosed(each))
    .flatMap(({ apiKey, discardedApiKeys = [] }) => [
      ...(apiKey ? [maskApiKey(apiKey)] : []),
      ...discardedApiKeys.map((id) => `${maskApiKey(id)} (replaced)`),
    ]);
  return ids.length > LIVE_IDS_OF_A_ROTATION
    ? [found('surplus-keys', key.id, `${ids.length} ids may live at the venue: ${ids.join(', ')}`)]
    : [];
};

const egressIsShut: KeyCheck = ({ key, insideAddress }) =>
  insideAddress === null || admits(key.ipAllowlist, insideAddress)
    ? []
    : [
        found(
          'egress-not-allowed',
          key.id,
          `keyturn asks venue ${key.venue} from ${insideAddress}, which is not on the allowlist ${key.ipAllowlist.join(', ')}`,
        ),
      ];

export const RECORD_CHECKS: readonly KeyCheck[] = [
  claimIsHeld,
  stepIsUnfinished,
  keyIdIsUnverified,
  taskIsOverdue,
  debtHoldsUp,
  idsAreMany,
  egressIsShut,
];
