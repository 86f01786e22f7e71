import { type Finding, found } from '../core/doctor/finding.ts';
import { examine } from '../doctor/examine.ts';
import { type Fixed, fix } from '../doctor/fix.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { hasErrors, type Problem } from '../policy-files.ts';
import { actor, check, keyNamed, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface DoctorOptions extends WorkspaceOptions {
  output: 'text' | 'json';
  key?: string | undefined;
  fix?: boolean | undefined;
  offline?: boolean | undefined;
  by?: string | undefined;
}

/** Looks for what somebody should know, and mends of one key what can be mended without asking anybody. */
export async function doctor(options: DoctorOptions, io: CommandIo): Promise<ExitStatus> {
  if (options.fix && options.key === undefined)
    throw new KeyturnError('usage', '--fix mends one key at a time', { hint: 'keyturn doctor --fix account/name' });
  const { problems, ...workspace } = await check(options);
  const configuration = problemsIn(problems);
  if (hasErrors(problems)) {
    print(options, io, configuration, []);
    return EXIT.INVALID;
  }
  const examination = {
    workspace,
    offline: options.offline ?? false,
    by: actor(options.by),
    onKey: ({ id }: { id: string }) => io.terminal.progress(`${id}: looking`),
  };
  const key = options.key === undefined ? null : keyNamed(workspace.keys, options.key);
  const { findings, fixed } =
    key && options.fix
      ? await fix(examination, key)
      : { findings: await examine({ ...examination, only: key }), fixed: [] };
  io.terminal.progress(null);
  const all = [...findings, ...configuration];
  print(options, io, all, fixed);
  const hasFailed =
    all.some(({ severity }) => severity === 'error') || fixed.some(({ outcome }) => outcome === 'failed');
  return hasFailed ? EXIT.FAILED : EXIT.OK;
}

/** How many there are; `policy check` shows each. */
function problemsIn(problems: readonly Problem[]): Finding[] {
  const count = (severity: Problem['severity']) =>
    problems.filter((problem) => problem.severity === severity && !problem.waived).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const subject = 'policies';
  return [
    ...(errors > 0 ? [found('policy-invalid', subject, `${plural(errors, 'error')}; nothing else was looked at`)] : []),
    ...(warnings > 0 ? [found('policy-warnings', subject, plural(warnings, 'warning'))] : []),
  ];
}

function print({ output }: DoctorOptions, io: CommandIo, findings: readonly Finding[], fixed: readonly Fixed[]): void {
  if (output === 'json') {
    const shown = findings.map(({ mend, ...finding }) => ({ ...finding, fixable: mend !== null }));
    printJson(io, { findings: shown, fixed });
  } else io.stdout.write(doctorText(findings, fixed, io));
}

function doctorText(findings: readonly Finding[], fixed: readonly Fixed[], { terminal }: CommandIo): string {
  const { paint } = terminal;
  const words = { error: paint.red('error  '), warning: paint.yellow('warning'), info: paint.dim('info   ') };
  const done = fixed.map(({ code, outcome, message }) =>
    outcome === 'done'
      ? `${paint.green('fixed  ')}  ${code}: ${message}`
      : `${paint.red('failed ')}  ${code}: ${message}`,
  );
  const shown = findings.flatMap(({ code, severity, subject, message, next }) => [
    `${words[severity]}  ${subject}  ${code}: ${message}`,
    `         ${next}`,
  ]);
  return [...done, ...shown, summary(findings)].map((line) => `${line}\n`).join('');
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']) => findings.filter((each) => each.severity === severity).length;
  const counted = `${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}`;
  const fixable = findings.filter(({ mend }) => mend !== null).length;
  if (findings.length === 0) return 'nothing found';
  return fixable === 0 ? counted : `${counted}; keyturn doctor --fix KEY mends ${fixable} of them`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
