import { planMarkdown } from '../core/render.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { parsePlan, readPlanFile } from '../plan-file.ts';
import { type CommandIo, printJson } from './io.ts';
import { type PlanOptions, planText } from './plan.ts';

interface PlanShowOptions extends Pick<PlanOptions, 'output'> {
  file: string;
}

/** What a saved plan would do, for whoever is to approve it. */
export async function planShow({ file, output }: PlanShowOptions, io: CommandIo): Promise<ExitStatus> {
  if (output === 'ics') {
    throw new KeyturnError('usage', 'a saved plan is no calendar', { hint: 'write -o text, json or markdown' });
  }
  const plan = parsePlan((await readPlanFile(file)).toString('utf8'), file);
  if (output === 'json') printJson(io, plan);
  else io.stdout.write(output === 'markdown' ? planMarkdown(plan) : planText(plan, io));
  return EXIT.OK;
}
