import { legiblePolicy } from './core/legible.ts';
import type { Key, Waiver } from './core/policy.ts';
import { PolicyFile } from './core/policy-schema.ts';
import { keysOf, type Policy, resolvePolicy } from './core/resolve-policy.ts';
import { checkAccounts, checkPolicy, type Finding, type Path, type Surroundings, silencedBy } from './core/rules.ts';
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
  /** How many files there were. */
  files: number;
  /** Keys of files without mistakes of form; none may be acted on while there are errors. */
  keys: Key[];
  /** All of them, by file, line and column. */
  problems: Problem[];
  /** As written, expired ones too. */
  waivers: Waiver[];
}

/**
 * Reads and checks policies, with the rules that stand beside them. Throws `invalid` for a path that is not there or cannot be
 * read, and for nothing else. Small files are read one after the other, without waiting: for thousands that takes a third of
 * the time.
 */
export async function loadPolicies(paths: readonly string[], surroundings: PolicyContext): Promise<Policies> {
  const found = findFiles(paths);
  const custom =
    found.rules.length === 0
      ? { rules: [], problems: [] }
      : (await import('./custom-rules/load.ts')).loadRules(found.rules);
  const { files, ruled, waivers } = checkFiles(found.policies, readSource, { ...surroundings, rules: custom.rules });
  return {
    files: files.length,
    keys: files.flatMap(({ policy, isSound }) => (isSound ? keysOf(policy) : [])),
    problems: inOrder([
      ...custom.problems,
      ...files.flatMap(({ problems }) => problems),
      ...ruled.map(({ problem }) => problem),
    ]),
    waivers,
  };
}

/** Everything that is found in files, each thing with the key it is about. */
export function findings(sources: readonly Source[], surroundings: PolicyContext): Ruled[] {
  const { files, ruled } = checkFiles(sources, (source) => source, surroundings);
  return [...files.flatMap(({ problems }) => problems).map((problem) => ({ problem, key: undefined })), ...ruled];
}

/** Handed what files are made from, so that no more than one is held at a time. */
function checkFiles<T>(given: readonly T[], sourceOf: (one: T) => Source, surroundings: Surroundings) {
  const files = given.map((one) => checkFile(sourceOf(one), surroundings));
  const policies = files.map(({ policy }) => policy);
  const waivers = policies.flatMap((policy) => policy.waivers.filter((waiver) => waiver !== null));
  const isSilenced = silencedBy(waivers, surroundings.today);
  const ruled = [...files.flatMap(({ ruled }) => ruled), ...checkAcross(files, surroundings)].map(
    ({ key, problem }): Ruled => ({
      key,
      problem: { ...problem, waived: key !== undefined && isSilenced(problem.rule, key) },
    }),
  );
  return { files, ruled, waivers };
}

interface CheckedFile {
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

function checkFile(source: Source, surroundings: Surroundings): CheckedFile {
  const { file, text, value } = source;
  const parsed = PolicyFile.safeParse(value);
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
    problems: [...source.problems, ...ofForm],
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

function place(finding: Finding, { keys }: Policy, source: Source): Ruled {
  const { rule, severity, file, key, message, unknown } = finding;
  const path = whereWritten(finding, source.value);
  const meant = unknown ? nearest(unknown.name, unknown.known) : null;
  const help = meant === null ? finding.help : `did you mean ${meant}? ${finding.help}`;
  return {
    problem: { ...errorAt(file, source.locate(path), { rule, path, message, help }), severity },
    key: key === null ? undefined : keys[key]?.id,
  };
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
