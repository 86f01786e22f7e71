import { isInForce, type Waiver } from './policy.ts';
import type { Policy } from './resolve-policy.ts';
import { ACCOUNT_RULES, accountOf } from './rules/account-rules.ts';
import { ALLOWLIST_RULES } from './rules/allowlist-rules.ts';
import { CALENDAR_RULES } from './rules/calendar-rules.ts';
import { FILE_RULES } from './rules/file-rules.ts';
import { KEY_RULES } from './rules/key-rules.ts';
import type { Finding, Surroundings } from './rules/rule.ts';
import { isWaivable, RULES } from './rules/table.ts';

export type { CustomRule, Finding, Path, Remark, Surroundings } from './rules/rule.ts';
export {
  type BuiltInRuleId,
  type CustomRuleId,
  isBuiltIn,
  RULES,
  type RuleEntry,
  type RuleId,
  type Severity,
} from './rules/table.ts';

const EACH_KEY = [...KEY_RULES, ...ALLOWLIST_RULES, ...CALENDAR_RULES].map((rule) => ({
  ...rule,
  severity: RULES[rule.id].severity,
}));

/** What the rules say of one file on its own. */
export function checkPolicy(policy: Policy, surroundings: Surroundings): Finding[] {
  const { file } = policy;
  const findings: Finding[] = [];
  for (const { id, check } of FILE_RULES) {
    for (const remark of check(policy, surroundings)) {
      findings.push({ severity: RULES[id].severity, ...remark, rule: id, file, key: null });
    }
  }
  const eachKey = [...EACH_KEY, ...(surroundings.rules ?? [])];
  for (const [key, draft] of policy.keys.entries()) {
    for (const { id, severity, check } of eachKey) {
      for (const remark of check(draft, policy, surroundings)) {
        findings.push({ severity, ...remark, rule: id, file, key });
      }
    }
  }
  return findings;
}

/** What the rules say of accounts, whose keys may stand in several files. A file without a legible account keeps some of them silent. */
export function checkAccounts(policies: readonly Policy[], surroundings: Surroundings): Finding[] {
  const accounts = new Map<string, Policy[]>();
  for (const policy of policies) {
    if (policy.account === undefined) continue;
    const files = accounts.get(policy.account);
    if (files === undefined) accounts.set(policy.account, [policy]);
    else files.push(policy);
  }
  const isComplete = policies.every(({ account }) => account !== undefined);
  const rules = ACCOUNT_RULES.filter(({ needsEveryFile }) => isComplete || !needsEveryFile);
  return [...accounts.values()]
    .map(accountOf)
    .flatMap((account) =>
      rules.flatMap(({ id, check }) =>
        check(account, surroundings).map((remark): Finding => ({ severity: RULES[id].severity, ...remark, rule: id })),
      ),
    );
}

/** Tells whether a waiver in force silences a rule for a key. What cannot be waived is never silenced. */
export function silencedBy(waivers: readonly Waiver[], today: Date): (rule: string, key: string) => boolean {
  const inForce = new Set(
    waivers.filter((waiver) => isInForce(waiver, today)).map(({ rule, key }) => `${rule} ${key}`),
  );
  return (rule, key) => inForce.has(`${rule} ${key}`) && isWaivable(rule);
}
