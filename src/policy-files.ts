import { forMany } from './core/for-many.ts';
import { legiblePolicy } from './core/legible.ts';
import type { Key, Waiver } from './core/policy.ts';
import { PolicyFile } from './core/policy-schema.ts';
import { keysOf, type Policy, resolvePolicy } from './core/resolve-policy.ts';
import {
  type CustomRule,
  checkAccounts,
  checkPolicy,
  type Finding,
  type Path,
  type Surroundings,
  silencedBy,
} from './core/rules.ts';
import type { CustomRules } from './custom-rules/load.ts';
import { findFiles } from './policy-search.ts';
import { errorAt, inOrder, type Problem } from './problems.ts';
import { schemaProblems } from './schema-problems.ts';
import { valueAt } from './schema-walk.ts';
import { parseSource, readSource, type Source } from './source.ts';
import { nearest } from './suggest.ts';

export { hasErrors, type Problem } from './problems.ts';

/** What rules need to know beside the policies: venues and stores by name, and the day it is. */
export type PolicyContext = Surroundings;

export interface Policies {
  /** The files there were, as problems name them. */
  files: string[];
  /** Keys of files without mistakes of form; none may be acted on while there are errors. */
  keys: Key[];
  /** All of them, by file, line and column. */
  problems: Problem[];
  /** As written, expired ones too. */
  waivers: Waiver[];
  /** Beside the built-in ones. */
  rules: readonly CustomRule[];
}

/**
 * Reads and checks policies, with the rules that stand beside them. Throws `invalid` for a path that is not there or cannot be
 * read, and for nothing else. Small files are read one after the other, without waiting: for thousands that takes a third of
 * the time.
 */
export async function loadPolicies(paths: readonly string[], surroundings: PolicyContext): Promise<Policies> {
  const found = findFiles(paths);
  const custom = await customRules(found.rules.map(readSource));
  const context = { ...surroundings, rules: custom.rules };
  const schema = await forMany(PolicyFile, found.policies.length);
  const files = found.policies.map((path) => checkFile(readSource(path), context, schema));
  return checkPolicies(files, context, custom.problems);
}

/** The rules of these files. What reads them is loaded only where there are some: CEL is large. */
export const customRules = async (sources: readonly Source[]): Promise<CustomRules> =>
  sources.length === 0 ? NO_RULES : (await import('./custom-rules/load.ts')).loadRules(sources);

const NO_RULES: CustomRules = { rules: [], problems: [] };

/** Files that were checked one by one, wherever they come from, and what is wrong with the rules beside them. */
export function checkPolicies(
  files: readonly CheckedFile[],
  surroundings: PolicyContext,
  problemsOfRules: readonly Problem[],
): Policies {
  const { ruled, waivers } = checkTogether(files, surroundings);
  return {
    files: files.map(({ policy }) => policy.file),
    keys: files.flatMap(({ policy, isSound }) => (isSound ? keysOf(policy) : [])),
    problems: inOrder([
      ...problemsOfRules,
      ...files.flatMap(({ problems }) => problems),
      ...ruled.map(({ problem }) => problem),
    ]),
    waivers,
    rules: surroundings.rules ?? [],
  };
}

/** Everything that is found in files, each thing with the key it is about. */
export function findings(sources: readonly Source[], surroundings: PolicyContext): Ruled[] {
  const files = sources.map((source) => checkFile(source, surroundings));
  const { ruled } = checkTogether(files, surroundings);
  return [...files.flatMap(({ problems }) => problems).map((problem) => ({ problem, key: undefined })), ...ruled];
}

/** Waivers reach across files, and so do the rules about accounts. */
function checkTogether(files: readonly CheckedFile[], surroundings: Surroundings) {
  const waivers = files.flatMap(({ policy }) => policy.waivers.filter((waiver) => waiver !== null));
  const isSilenced = silencedBy(waivers, surroundings.today);
  const ruled = [...files.flatMap(({ ruled }) => ruled), ...checkAcross(files, surroundings)].map(
    ({ key, problem }): Ruled => ({
      key,
      problem: { ...problem, waived: key !== undefined && isSilenced(problem.rule, key) },
    }),
  );
  return { ruled, waivers };
}

/** One file on its own, checked as far as that goes. */
export interface CheckedFile {
  policy: Policy;
  /** Whether file and fields have the form they should have. */
  isSound: boolean;
  text: string;
  /** Of syntax, schema and secret material. */
  problems: Problem[];
  ruled: Ruled[];
}

/** What was found, with the key that a waiver would have to name. */
export interface Ruled {
  problem: Problem;
  key: string | undefined;
}

/** `schema`: that of policies, in another form where many are checked. */
export function checkFile(source: Source, surroundings: Surroundings, schema = PolicyFile): CheckedFile {
  const { file, text, value } = source;
  const parsed = schema.safeParse(value);
  const lines = { file, keys: source.linesOf('keys'), waivers: source.linesOf('waivers') };
  const policy = resolvePolicy(parsed.success ? parsed.data : legiblePolicy(value), lines);
  const findings = checkPolicy(policy, surroundings);
  const ofForm =
    parsed.success || value === undefined
      ? []
      : schemaProblems(parsed.error, { schema: PolicyFile, source }).map(unfilledWaiver);
  return {
    policy,
    isSound: parsed.success && source.problems.length === 0 && findings.every(({ rule }) => rule !== 'schema'),
    text,
    problems: [...source.problems, ...ofForm].map((problem) => ({ ...problem, key: keyAt(problem.path, policy) })),
    ruled: findings.map((finding) => place(finding, policy, source)),
  };
}

/** The few files in which accounts have problems are parsed again, so that not all parsed files are kept. */
function checkAcross(files: readonly CheckedFile[], surroundings: Surroundings): Ruled[] {
  const findings = checkAccounts(
    files.map(({ policy }) => policy),
    surroundings,
  );
  return files.flatMap(({ policy, text }) => {
    const here = findings.filter(({ file }) => file === policy.file);
    if (here.length === 0) return [];
    const source = parseSource(policy.file, text);
    return here.map((finding) => place(finding, policy, source));
  });
}

function place(finding: Finding, policy: Policy, source: Source): Ruled {
  const { rule, severity, file, key, message, unknown } = finding;
  const path = whereWritten(finding, source.value);
  const meant = unknown ? nearest(unknown.name, unknown.known) : null;
  const help = meant === null ? finding.help : `did you mean ${meant}? ${finding.help}`;
  const problem = errorAt(file, source.locate(path), { rule, path, message, help });
  return {
    problem: { ...problem, severity, key: keyAt(problem.path, policy) },
    key: key === null ? undefined : policy.keys[key]?.id,
  };
}

/** The key at which something is written. */
function keyAt(path: string, { keys }: Policy): string | null {
  const [, place] = /^keys\.(\d+)/.exec(path) ?? [];
  return place === undefined ? null : (keys[Number(place)]?.id ?? null);
}

/** A key says a thing itself, or inherits it; what nobody wrote is missing from the key. */
function whereWritten({ key, at }: Finding, value: unknown): Path {
  if (key === null) return at;
  const own = ['keys', key, ...at];
  const inherited = ['defaults', ...at];
  return valueAt(value, own) === undefined && valueAt(value, inherited) !== undefined ? inherited : own;
}

/** That all four fields of a waiver are filled is part of the rule about waivers. */
const unfilledWaiver = (problem: Problem): Problem =>
  problem.rule === 'schema' && /^waivers\.\d+\.(?:rule|key|reason|until)$/.test(problem.path)
    ? { ...problem, rule: 'waiver' }
    : problem;
