import { formatDuration } from '../core/duration.ts';
import { type Key, worstCaseLife } from '../core/policy.ts';
import { isError, type Problem } from '../problems.ts';
import { type Terminal, table } from '../terminal.ts';
import { type CheckReport, isWarning } from './report.ts';

/** For people at a terminal. The summary counts all problems, those that are not `shown` too. */
export function textReport(report: CheckReport, shown: readonly Problem[], terminal: Terminal): string {
  const told = shown.map((problem) => `${tellOne(problem, terminal)}\n`);
  const lives = report.problems.some(isError) ? '' : `${livesText(report.keys, terminal)}\n`;
  return `${[...told, ...(told.length > 0 ? ['\n'] : [])].join('')}${lives}${summaryOf(report)}\n`;
}

function tellOne({ file, line, column, severity, waived, rule, message, help }: Problem, { paint }: Terminal): string {
  const word = waived ? paint.dim('waived') : severity === 'error' ? paint.red('error') : paint.yellow('warning');
  return `${file}:${line}:${column}: ${word} [${rule}] ${message}\n  ${help}`;
}

export function summaryOf({ files, keys, problems }: CheckReport): string {
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;
  const found = [
    count(problems.filter(isError).length, 'error'),
    count(problems.filter(isWarning).length, 'warning'),
    `${problems.filter(({ waived }) => waived).length} waived`,
  ];
  return `${count(files.length, 'file')}, ${count(keys.length, 'key')}: ${found.join(', ')}`;
}

/** The longest any key can live when everybody uses all of their time. */
function livesText(keys: readonly Key[], terminal: Terminal): string {
  const rows = keys.map((key) => [
    key.id,
    key.purpose,
    formatDuration(key.rotateEvery),
    formatDuration(worstCaseLife(key)),
  ]);
  return table([['KEY', 'PURPOSE', 'EVERY', 'WORST-CASE LIFE'], ...rows], terminal);
}
