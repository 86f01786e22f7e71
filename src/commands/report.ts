import type { Plan } from '../core/plan.ts';
import { planSummary } from '../core/render.ts';
import { statusOf } from '../core/status.ts';
import { type Task, tasksOf } from '../core/tasks.ts';
import { explain } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Terminal } from '../terminal.ts';
import type { KeyReport, StepDone } from '../tick.ts';

/** What became of one key in a pass, as people and programs are told. */
export interface Summary {
  key: string;
  actions: StepDone[];
  /** What stands in its way: an error, or a hold that somebody must look at. */
  error: string | null;
  overdue: boolean;
  tasks: Task[];
}

export function summaryOf({ key, actions, error, decision, gathered }: KeyReport): Summary {
  const { record, capabilities, now, hold } = gathered;
  return {
    key,
    actions,
    error: error ? explain(error) : hold ? decision.message : null,
    overdue: statusOf(gathered.key, record, capabilities, now).overdue,
    tasks: record === null ? [] : tasksOf(gathered.key, record, capabilities, now),
  };
}

export const reportJson = (summaries: readonly Summary[]) => ({
  keys: summaries.map(({ key, actions, error, overdue }) => ({ key, actions, error, overdue })),
});

export function reportText(summaries: readonly Summary[], plan: Plan, { paint }: Pick<Terminal, 'paint'>): string {
  const words = { done: paint.green('done   '), waiting: paint.yellow('waiting'), failed: paint.red('failed ') };
  const steps = summaries.flatMap(({ key, actions, error }) => [
    ...actions.map(({ action, outcome, message }) => `${words[outcome]}  ${key}  ${action}: ${message}`),
    ...(error === null ? [] : [`${words.failed}  ${key}  ${error}`]),
  ]);
  const overdue = summaries
    .filter((summary) => summary.overdue)
    .map(({ key }) => `${paint.red('overdue')}  ${key}  keyturn status ${key} says why`);
  const tasks = summaries.flatMap((summary) => summary.tasks).length;
  const open = tasks === 0 ? [] : [`${tasks} task${tasks === 1 ? '' : 's'} for people: keyturn tasks`];
  return [...(steps.length > 0 ? steps : [planSummary(plan)]), ...overdue, ...open].map((line) => `${line}\n`).join('');
}

/** A failure counts more than a delay. */
export function exitOf(summaries: readonly Summary[]): ExitStatus {
  const hasFailed = ({ error, actions }: Summary) =>
    error !== null || actions.some(({ outcome }) => outcome === 'failed');
  if (summaries.some(hasFailed)) return EXIT.FAILED;
  return summaries.some(({ overdue }) => overdue) ? EXIT.OVERDUE : EXIT.OK;
}
