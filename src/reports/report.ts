import type { Key } from '../core/policy.ts';
import { type CustomRule, isBuiltIn, RULES, type RuleId } from '../core/rules.ts';
import type { Problem } from '../problems.ts';

/** What a check of policies found, before it is written in one format or another. */
export interface CheckReport {
  /** The policy files that were checked. */
  files: readonly string[];
  keys: readonly Key[];
  /** The rules that were asked for. */
  rules: readonly RuleId[];
  /** Those that people wrote, asked for or not. */
  custom: readonly CustomRule[];
  problems: readonly Problem[];
}

export const isOpen = ({ waived }: Problem): boolean => !waived;
export const isWarning = ({ severity, waived }: Problem): boolean => severity === 'warning' && !waived;

/** Without these no rule can speak, so they are part of every check. */
const ALWAYS: readonly RuleId[] = ['syntax', 'schema'];

/** Records show whether it is kept; policies alone do not. */
const NOT_CHECKED: readonly RuleId[] = ['revocation-debt'];

export const CHECKED_RULES: readonly RuleId[] = Object.keys(RULES)
  .filter(isBuiltIn)
  .filter((id) => !NOT_CHECKED.includes(id));

/** Only what these rules say, and what keeps them from saying anything. */
export function limitedTo(rules: readonly RuleId[], report: CheckReport): CheckReport {
  const wanted = report.rules.filter((id) => rules.includes(id) || ALWAYS.includes(id));
  return { ...report, rules: wanted, problems: report.problems.filter(({ rule }) => wanted.includes(rule)) };
}
