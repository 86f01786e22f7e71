import type { RuleId, Severity } from '../core/rules.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { isError } from '../problems.ts';
import { githubReport } from '../reports/github.ts';
import { junitReport } from '../reports/junit.ts';
import { CHECKED_RULES, type CheckReport, isWarning, limitedTo } from '../reports/report.ts';
import { sarifReport } from '../reports/sarif.ts';
import { textReport } from '../reports/text.ts';
import { nearest } from '../suggest.ts';
import { check, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface PolicyCheckOptions extends WorkspaceOptions {
  output: 'text' | 'json' | keyof typeof REPORTS;
  paths: string[];
  /** Only what these rules say; syntax and schema always count. */
  rule?: string[] | undefined;
  /** Decides what is listed, never how the command ends. */
  severity?: Severity | undefined;
  maxWarnings?: number | undefined;
}

/** Every problem of policies and configuration at once. */
export async function policyCheck(options: PolicyCheckOptions, io: CommandIo): Promise<ExitStatus> {
  const { problems, keys, files, rules: custom } = await check(options, options.paths);
  const rules = [...CHECKED_RULES, ...custom.map(({ id }) => id)];
  const whole: CheckReport = { files, keys, problems, rules, custom };
  const report =
    options.rule === undefined
      ? whole
      : limitedTo(
          options.rule.map((name) => ruleNamed(name, rules)),
          whole,
        );
  print(options, report, io);
  if (report.problems.some(isError)) return EXIT.INVALID;
  const warnings = report.problems.filter(isWarning).length;
  return warnings > (options.maxWarnings ?? Number.POSITIVE_INFINITY) ? EXIT.FAILED : EXIT.OK;
}

function ruleNamed(name: string, rules: readonly RuleId[]): RuleId {
  const found = rules.find((id) => id === name);
  if (found) return found;
  const meant = nearest(name, rules);
  throw new KeyturnError('usage', `policies are checked by no rule ${name}`, {
    hint: meant === null ? `known: ${rules.join(', ')}` : `did you mean ${meant}?`,
  });
}

function print({ output, severity }: PolicyCheckOptions, report: CheckReport, io: CommandIo): void {
  const shown = report.problems.filter((problem) => severity !== 'error' || problem.severity === 'error');
  if (output === 'json') {
    const waived = report.problems.filter((problem) => problem.waived).length;
    printJson(io, { files: report.files.length, keys: report.keys.length, waived, problems: shown });
  } else if (output === 'text') {
    io.stdout.write(textReport(report, shown, io.terminal));
  } else {
    io.stdout.write(REPORTS[output]({ ...report, problems: shown }));
  }
}

const REPORTS = { sarif: sarifReport, junit: junitReport, github: githubReport };
