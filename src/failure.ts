import { amend } from './amend.ts';
import { isClaimed } from './core/facts.ts';
import { type Notification, notification } from './core/notifications.ts';
import type { KeyRecord } from './core/record.ts';
import { explain, type KeyturnError } from './errors.ts';
import type { KeyReport } from './tick.ts';
import type { Workspace } from './workspace.ts';

/** What stops a key from going on, as a pass met with it. */

type Failure = Pick<NonNullable<KeyRecord['failure']>, 'cause' | 'message'>;

/** Records are small. */
const MAX_MESSAGE = 300;

function failureOf({ error, actions, gathered: { hold } }: KeyReport): Failure | null {
  const step = actions.find(({ outcome }) => outcome === 'failed');
  const failure = isFailure(error)
    ? { cause: error.code, message: explain(error) }
    : step
      ? { cause: step.reason, message: `${step.action}: ${step.message}` }
      : hold && { cause: hold.reason, message: hold.message };
  return failure && { ...failure, message: failure.message.slice(0, MAX_MESSAGE) };
}

/** Somebody else at the same key is no failure. */
const isFailure = (error: KeyturnError | null): error is KeyturnError => error !== null && error.code !== 'conflict';

/** The record with what stops its key now. Written when the cause changes only, so that each is told once. */
export async function noteFailure(
  teller: Pick<Workspace, 'ports' | 'clock'>,
  report: KeyReport,
  record: KeyRecord,
): Promise<KeyRecord> {
  const failure = failureOf(report);
  const now = teller.clock.now();
  if (record.failure?.cause === failure?.cause || wasLeftAlone(report) || isClaimed(record, now)) return record;
  const noted = await amend(teller, report.gathered.key, ({ failure: _before, ...rest }) =>
    failure === null ? rest : { ...rest, failure: { ...failure, at: now.toISOString() } },
  );
  return noted ?? record;
}

/** There was something to do, and this pass was not to do it, or others got in between: whether it would fail again is not known. */
const wasLeftAlone = ({ decision, actions, error }: KeyReport): boolean =>
  error === null ? decision.action !== null && actions.length === 0 : error.code === 'conflict';

/** What stops a key that has no readable record, to be told to those who take the same twice for one. */
export function unrecordedFailure(report: KeyReport, now: Date): Notification[] {
  const failure = report.gathered.record === null ? failureOf(report) : null;
  if (failure === null) return [];
  const { cause, message } = failure;
  const subject = `failed/${cause}`;
  return [
    notification(report.gathered.key, { event: 'failed', subject, generation: null, at: now.toISOString(), message }),
  ];
}
