import { parseInstant } from '../clock.ts';
import { minute } from '../core/instant.ts';
import type { Gathered, Plan, PlanView } from '../core/plan.ts';
import { planMarkdown, planSummary } from '../core/render.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { table } from '../terminal.ts';
import { lookByAccount } from '../tick.ts';
import { openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import type { CalendarOptions } from './calendar.ts';
import { type CommandIo, printJson } from './io.ts';

export interface PlanOptions extends WorkspaceOptions, CalendarOptions {
  /** The file to save it in. */
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
    const { savedPlanText, writePlan } = await import('../plan-file.ts');
    await writePlan(options.out, savedPlanText(plan, gathered));
    io.stderr.write(`keyturn: plan saved to ${options.out}; keyturn apply ${options.out} carries out exactly this\n`);
  }
  if (wantsCalendar) {
    const { printCalendar } = await import('./calendar.ts');
    await printCalendar(gathered, now, options, io);
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
