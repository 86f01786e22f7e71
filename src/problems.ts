import type { Path, RuleId, Severity } from './core/rules.ts';

/** One thing that is wrong in a policy or configuration file, where, and what to write instead. */
export interface Problem {
  rule: RuleId;
  severity: Severity;
  /** `account/name` of the one key it stands at; null where it is about the file or all of its keys, or the key has no legible name. */
  key: string | null;
  /** As the user would type it: relative to the working directory for what is inside it. */
  file: string;
  /** Both from 1. */
  line: number;
  column: number;
  /** Fields and places (from 0) joined by dots; empty for the file as a whole. */
  path: string;
  message: string;
  help: string;
  /** True where a waiver in force silences it. */
  waived: boolean;
}

export interface Position {
  line: number;
  column: number;
}

/** An error that nobody has waived. */
export function errorAt(
  file: string,
  at: Position,
  problem: { rule: RuleId; path: Path; message: string; help: string },
): Problem {
  return { ...problem, severity: 'error', key: null, file, ...at, path: problem.path.join('.'), waived: false };
}

/** Keeps every command from acting. */
export const isError = ({ severity, waived }: Problem): boolean => severity === 'error' && !waived;

export const hasErrors = (problems: readonly Problem[]): boolean => problems.some(isError);

/** By file, line and column; what stands once and counts for many keys is said once. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(
    problems.map((problem) => [
      JSON.stringify([problem.file, problem.line, problem.column, problem.rule, problem.message, problem.waived]),
      problem,
    ]),
  );
  return [...once.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.rule, b.rule),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
