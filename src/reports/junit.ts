import type { RuleId } from '../core/rules.ts';
import { isError, type Problem } from '../problems.ts';
import { type CheckReport, isOpen } from './report.ts';

/**
 * JUnit XML as Jenkins, GitLab and others read it: a suite for each file, a case for each rule. Errors fail; warnings stand
 * in the output of a case that passes; waived problems skip. What a file with mistakes of form hides counts as skipped.
 */
export function junitReport(report: CheckReport): string {
  const ofFile = new Map<string, Problem[]>(report.files.map((file) => [file, []]));
  // keyturn.yaml is no policy: it is a suite only where something is wrong with it.
  for (const problem of report.problems) ofFile.set(problem.file, [...(ofFile.get(problem.file) ?? []), problem]);
  const policies = new Set(report.files);
  const suites = [...ofFile].map(([file, problems]) => {
    const rules = policies.has(file) ? report.rules : report.rules.filter((rule) => problems.some(by(rule)));
    return { file, cases: rules.map((rule) => testCase(file, rule, problems)) };
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="keyturn policy check" ${counted(suites.flatMap(({ cases }) => cases))}>`,
    ...suites.flatMap(({ file, cases }) => [
      `  <testsuite name="${xmlText(file)}" ${counted(cases)} skipped="${number('skipped', cases)}">`,
      ...cases.map(({ xml }) => xml),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Case {
  outcome: 'passed' | 'failed' | 'skipped';
  xml: string;
}

const number = (wanted: Case['outcome'], cases: readonly Case[]): number =>
  cases.filter(({ outcome }) => outcome === wanted).length;

const counted = (cases: readonly Case[]): string =>
  `tests="${cases.length}" failures="${number('failed', cases)}" errors="0"`;

const by =
  (rule: RuleId) =>
  (problem: Problem): boolean =>
    problem.rule === rule;

const OF_FORM: readonly RuleId[] = ['syntax', 'schema'];

function testCase(file: string, rule: RuleId, problems: readonly Problem[]): Case {
  const found = problems.filter(by(rule));
  const errors = found.filter(isError);
  const rest = found.filter((problem) => !isError(problem));
  const isHidden = found.length === 0 && problems.some((problem) => OF_FORM.includes(problem.rule));
  const skips = isHidden ? 'the file has mistakes of form, which may hide others' : rest.every(isOpen) ? '' : 'waived';
  const outcome = errors.length > 0 ? 'failed' : skips === '' ? 'passed' : 'skipped';
  const inside = [
    ...(outcome === 'skipped' ? [`<skipped>${skips}</skipped>`] : []),
    ...errors.map(
      (problem) => `<failure type="${rule}" message="${xmlText(problem.message)}">${xmlText(told(problem))}</failure>`,
    ),
    ...(rest.length > 0 ? [`<system-out>${xmlText(rest.map(told).join('\n'))}</system-out>`] : []),
  ].map((line) => `      ${line}\n`);
  const open = `    <testcase name="${rule}" classname="${xmlText(file)}"`;
  return { outcome, xml: inside.length === 0 ? `${open}/>` : `${open}>\n${inside.join('')}    </testcase>` };
}

const told = ({ file, line, column, severity, waived, message, help }: Problem): string =>
  `${file}:${line}:${column}: ${waived ? 'waived' : severity}: ${message}; ${help}`;

/** What XML 1.0 cannot hold at all is replaced. */
const xmlText = (text: string): string =>
  text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`);
