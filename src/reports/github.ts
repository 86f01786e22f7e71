import type { Problem } from '../problems.ts';
import { type CheckReport, isOpen } from './report.ts';
import { summaryOf } from './text.ts';

/** Workflow commands, which GitHub Actions shows as annotations of the changed lines. Waived problems are notices. */
export function githubReport(report: CheckReport): string {
  return [...report.problems.map(annotation), summaryOf(report), ''].join('\n');
}

function annotation(problem: Problem): string {
  const { severity, file, line, column, rule, message, help } = problem;
  const command = isOpen(problem) ? severity : 'notice';
  const title = isOpen(problem) ? `keyturn: ${rule}` : `keyturn: ${rule} (waived)`;
  const properties = Object.entries({ file, line, col: column, title }).map(
    ([name, value]) => `${name}=${escapeProperty(`${value}`)}`,
  );
  return `::${command} ${properties.join(',')}::${escapeData(`${message}\n${help}`)}`;
}

/** As the toolkit of GitHub Actions writes them. */
const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
