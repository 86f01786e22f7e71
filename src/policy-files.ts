import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { legiblePolicy } from './core/legible.ts';
import type { Key, Waiver } from './core/policy.ts';
import { PolicyFile } from './core/policy-schema.ts';
import { keysOf, type Policy, resolvePolicy } from './core/resolve-policy.ts';
import { checkAccounts, checkPolicy, type Finding, type Path, type Surroundings, silencedBy } from './core/rules.ts';
import { errorAt, inOrder, type Problem } from './problems.ts';
import { schemaProblems } from './schema-problems.ts';
import { valueAt } from './schema-walk.ts';
import { orInvalid, parseSource, readSource, type Source } from './source.ts';
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
 * Reads and checks policies. Throws `invalid` for a path that is not there or cannot be read, and for nothing else.
 * Small files are read one after the other, without waiting: for thousands that takes a third of the time.
 */
export async function loadPolicies(paths: readonly string[], surroundings: PolicyContext): Promise<Policies> {
  const files = findPolicyFiles(paths).map((path) => checkFile(readSource(path), surroundings));
  const policies = files.map(({ policy }) => policy);
  const waivers = policies.flatMap((policy) => policy.waivers.filter((waiver) => waiver !== null));
  const isSilenced = silencedBy(waivers, surroundings.today);
  const ruled = [...files.flatMap(({ ruled }) => ruled), ...checkAcross(files, surroundings)];
  return {
    files: files.length,
    keys: files.flatMap(({ policy, isSound }) => (isSound ? keysOf(policy) : [])),
    problems: inOrder([
      ...files.flatMap(({ problems }) => problems),
      ...ruled.map(({ key, problem }) => ({ ...problem, waived: key !== undefined && isSilenced(problem.rule, key) })),
    ]),
    waivers,
  };
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

/** What a rule found, with the key that a waiver would have to name. */
interface Ruled {
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

const IS_POLICY = /\.(?:ya?ml|json)$/;
const IS_OTHER = /^\.|^(?:keyturn\.yaml|schema\.json|keyturn\.schema\.json)$|\.(?:rules|test)\.yaml$/;

/** Absolute paths, sorted, each once. Folders are searched through; a file that is named is taken whatever it is called. */
function findPolicyFiles(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) search(resolve(path), { found, searched: new Set() });
  return [...found].sort();
}

interface Search {
  found: Set<string>;
  /** Real paths of folders: links may lead back. */
  searched: Set<string>;
}

function search(path: string, progress: Search): void {
  if (!isFolder(path)) {
    progress.found.add(path);
    return;
  }
  const real = orInvalid(path, () => realpathSync(path));
  if (progress.searched.has(real)) return;
  progress.searched.add(real);
  for (const entry of orInvalid(path, () => readdirSync(path, { withFileTypes: true }))) {
    if (IS_OTHER.test(entry.name)) continue;
    const inside = join(path, entry.name);
    if (entry.isSymbolicLink() ? isFolder(inside) : entry.isDirectory()) search(inside, progress);
    else if (IS_POLICY.test(entry.name)) progress.found.add(inside);
  }
}

const isFolder = (path: string): boolean => orInvalid(path, () => statSync(path)).isDirectory();
