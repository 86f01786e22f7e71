import { type BuiltInRuleId, RULES, type RuleEntry } from './core/rules.ts';
import { VERSION } from './version.ts';

/** `docs/rules.md`, a section for each rule, and the same texts for programs that show problems. */

export function rulesPage(): string {
  const ids = Object.keys(RULES) as BuiltInRuleId[];
  return ids.map((id) => `## ${id}\n\n${ruleMarkdown(id)}`).join('\n');
}

/** The section of one rule, without its heading. */
export function ruleMarkdown(id: BuiltInRuleId): string {
  const { severity, demands, why, mend, waive }: RuleEntry = RULES[id];
  return [
    `${sentence(demands)} (${severity})`,
    '',
    `**Why.** ${why}`,
    '',
    `**To mend it.** ${mend}`,
    '',
    waive === null
      ? '**To waive it.** It cannot be waived.'
      : `**To waive it.** ${waive} \`- { rule: ${id}, key: NAME, reason: WHY, until: YYYY-MM-DD }\` under \`waivers\`.`,
    '',
  ].join('\n');
}

/** Where that section can be read; the version is part of it, because rules change. */
export const rulePage = (id: BuiltInRuleId): string => `https://unpkg.com/keyturn@${VERSION}/docs/rules.md#${id}`;

/** Capital and full stop. */
export const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
