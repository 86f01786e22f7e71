import { parseInstant } from '../clock.ts';
import { concernsOf } from '../core/concerns.ts';
import { DAY, parseDuration } from '../core/duration.ts';
import { forecast } from '../core/forecast.ts';
import { later, minute } from '../core/instant.ts';
import type { Gathered, Plan, PlanView } from '../core/plan.ts';
import { planMarkdown, planSummary } from '../core/render.ts';
import { suggest } from '../core/spreading.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { savedPlanText, writePlan } from '../plan-file.ts';
import { table } from '../terminal.ts';
import { lookByAccount } from '../tick.ts';
import { openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import { type Calendar, printCalendar } from './calendar.ts';
import { type CommandIo, printJson } from './io.ts';

export interface PlanOptions extends WorkspaceOptions {
  output: 'text' | 'json' | 'markdown' | 'ics';
  horizon?: string | undefined;
  /** Propose better days with the calendar. */
  suggest?: boolean | undefined;
  out?: string | undefined;
  detailedExitcode?: boolean | undefined;
}

/** What would happen now, and why. Reads policies and records; writes nothing but the file `--out` names. */
export async function plan(options: PlanOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const now = options.at === undefined ? workspace.clock.now() : parseInstant(options.at);
  const wantsCalendar = options.output === 'ics' || options.horizon !== undefined || options.suggest === true;
  const keepsRecords = options.out !== undefined || wantsCalendar;
  const plan: Plan = { at: now, keys: [] };
  const gathered: Gathered[] = [];
  let held = 0;
  for await (const part of lookByAccount(workspace.ports.sources, workspace.keys, now)) {
    plan.keys.push(...part.plan.keys);
    held += part.gathered.filter(({ hold }) => hold !== null).length;
    if (keepsRecords) gathered.push(...part.gathered);
  }
  if (options.out !== undefined) {
    await writePlan(options.out, savedPlanText(plan, gathered));
    io.stderr.write(`keyturn: plan saved to ${options.out}; keyturn apply ${options.out} carries out exactly this\n`);
  }
  if (wantsCalendar) {
    await printCalendar(calendarOf(gathered, now, options), options.output, io);
  } else {
    print(plan, options.output, io);
  }
  if (held > 0) {
    io.stderr.write(`keyturn: ${held} of ${plan.keys.length} keys cannot be decided; keyturn plan says why\n`);
    return EXIT.FAILED;
  }
  const hasActions = plan.keys.some(({ action }) => action !== null);
  return options.detailedExitcode && hasActions ? EXIT.CHANGES : EXIT.OK;
}

function calendarOf(
  gathered: readonly Gathered[],
  from: Date,
  { horizon = '90d', suggest: wanted }: PlanOptions,
): Calendar {
  const until = later(from, horizonOf(horizon));
  const events = forecast(gathered, from, until);
  return {
    from,
    until,
    events,
    concerns: concernsOf(events, gathered),
    suggestions: wanted ? suggest(gathered, events, from) : null,
  };
}

/** A working life: what is asked for beyond is a slip, and would keep the machine busy for hours. */
const LONGEST_HORIZON_DAYS = 9999;

function horizonOf(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === null)
    throw new KeyturnError('usage', `“${text}” is not a duration`, {
      hint: 'write a whole number with s, m, h, d or w, for example 90d',
    });
  if (seconds > LONGEST_HORIZON_DAYS * DAY)
    throw new KeyturnError('usage', `a horizon of ${text} is too far away`, {
      hint: `the calendar reaches at most ${LONGEST_HORIZON_DAYS}d`,
    });
  return seconds;
}

function print(plan: PlanView, output: PlanOptions['output'], io: CommandIo): void {
  if (output === 'json') printJson(io, { at: plan.at, keys: plan.keys });
  else io.stdout.write(output === 'markdown' ? planMarkdown(plan) : planText(plan, io));
}

export function planText(plan: PlanView, io: CommandIo): string {
  const rows = plan.keys.map(({ key, action, generation, message, due }) => [
    key,
    action ?? '-',
    generation === null ? '' : `${generation}`,
    minute(due),
    message,
  ]);
  return `${planSummary(plan)} (${minute(plan.at)})\n\n${table([['KEY', 'ACTION', 'GEN', 'DUE', 'WHY'], ...rows], io.terminal)}`;
}
