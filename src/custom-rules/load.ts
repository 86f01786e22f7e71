import { type Draft, isKey } from '../core/resolve-policy.ts';
import type { CustomRule, Remark } from '../core/rules.ts';
import { errorAt, type Problem } from '../problems.ts';
import { schemaProblems } from '../schema-problems.ts';
import type { Source } from '../source.ts';
import type { Fault } from './cost.ts';
import { type Expression, readExpression, rulesEnvironment, summaryOf } from './expression.ts';
import { type Rule, RulesFile } from './schema.ts';
import { type Subject, subjectOf } from './subject.ts';

/** Rules that people write, as rules like any other. Loaded only where there are some: CEL is large. */

export interface CustomRules {
  rules: CustomRule[];
  problems: Problem[];
}

/** Steps for one key, and for everything: seconds, on a slow machine, of what is normally milliseconds. */
const MOST_STEPS = { oneKey: 500_000, everything: 100_000_000 };

/** Those of all these files. Whatever is wrong with them is a problem. */
export function loadRules(sources: readonly Source[]): CustomRules {
  const environment = rulesEnvironment();
  const ask = asking();
  const rules = new Map<string, CustomRule>();
  const problems: Problem[] = [];
  for (const source of sources) {
    problems.push(...source.problems);
    const parsed = RulesFile.safeParse(source.value);
    if (parsed.error && source.value !== undefined)
      problems.push(...schemaProblems(parsed.error, { schema: RulesFile, source }));
    for (const [place, rule] of (parsed.data?.rules ?? []).entries()) {
      const expression = readExpression(environment, rule.expression);
      if ('at' in expression) problems.push(wrongExpression(source, place, expression));
      else if (rules.has(rule.id)) problems.push(takenId(source, place, rule));
      else rules.set(rule.id, customRule(rule, ask(expression, rule)));
    }
  }
  return { rules: [...rules.values()], problems };
}

const customRule = ({ id, severity, message, help }: Rule, check: CustomRule['check']): CustomRule => ({
  id,
  severity,
  message,
  help: help ?? `see what ${id} demands`,
  check,
});

/** Makes checks that share one measure of steps, and what is known of each key. */
function asking() {
  let left = MOST_STEPS.everything;
  const subjects = new WeakMap<Draft, Subject>();
  return (expression: Expression, { id, message, help }: Rule): CustomRule['check'] => {
    const undecided = (why: string): Remark[] => [
      { severity: 'error', at: [], message: `${id} cannot be decided: ${why}`, help: `mend the expression of ${id}` },
    ];
    return (draft, _policy, { today }) => {
      if (!isKey(draft)) return [];
      const subject = subjects.get(draft) ?? subjectOf(draft, today);
      subjects.set(draft, subject);
      const needed = expression.steps(subject);
      if (needed > MOST_STEPS.oneKey || needed > left) return undecided('it would take too long');
      left -= needed;
      try {
        return expression.holds(subject) ? [] : [{ at: [], message, help: help ?? `see what ${id} demands` }];
      } catch (error) {
        return undecided(summaryOf(error));
      }
    };
  };
}

function wrongExpression({ file, locateIn }: Source, place: number, { at, ...fault }: Fault): Problem {
  const path = ['rules', place, 'expression'];
  return errorAt(file, locateIn(path, at), { rule: 'schema', path, ...fault });
}

function takenId({ file, locate }: Source, place: number, { id }: Rule): Problem {
  const path = ['rules', place, 'id'];
  const message = `there is another rule ${id}`;
  return errorAt(file, locate(path), { rule: 'schema', path, message, help: 'give each rule an id of its own' });
}
