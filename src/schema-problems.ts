import * as z from 'zod/mini';
import type { Path, RuleId } from './core/rules.ts';
import { errorAt, type Problem } from './problems.ts';
import { aboutOf, fieldsOf, isSecretReference, schemaAt, valueAt } from './schema-walk.ts';
import type { Source } from './source.ts';
import { nearest } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** A file and the schema it should have followed. */
interface Check {
  source: Source;
  schema: z.ZodMiniType;
}

/** Whoever made more mistakes mends these first. Of some files that are no policy there would be a hundred thousand. */
const MAX_ISSUES = 200;

/**
 * Turns what a schema says against a file into problems in plain words. Schemas word their own messages as `must be …`;
 * descriptions and examples become the help. Values are never repeated: they may be secrets.
 */
export function schemaProblems({ issues }: z.core.$ZodError, check: Check): Problem[] {
  const all = issues.flatMap(eachField);
  const problems = all.slice(0, MAX_ISSUES).flatMap((issue) => problemsOf(issue, check));
  const more = all.length - MAX_ISSUES;
  return more > 0
    ? [...problems, problem([], check, `there are ${more} more mistakes`, 'mend the others first')]
    : problems;
}

/** Unknown fields come together. */
const eachField = (issue: Issue): Issue[] =>
  issue.code === 'unrecognized_keys' ? issue.keys.map((field) => ({ ...issue, keys: [field] })) : [issue];

function problemsOf(issue: Issue, check: Check): Problem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((field) => unknownField([...path, field], check));
  if (issue.code === 'invalid_key') return [badName(path, issue.issues[0]?.message, check)];
  const value = valueAt(check.source.value, path);
  if (value === undefined) return [missing(path, choicesOf(issue), check)];
  if (isInlineSecret(issue, path, value, check)) return [inlineSecret(path, check)];
  const form = issue.code === 'invalid_union' ? nearestForm(issue) : null;
  if (form !== null) {
    return form.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, check));
  }
  const { says, help = whatToWrite(path, check) } = wordsFor(issue, value);
  const needsQuotes = issue.code === 'invalid_type' && wouldDoQuoted(path, value, check);
  return [problem(path, check, `${subjectOf(path)} ${says}`, needsQuotes ? 'put it in quotes' : help)];
}

function unknownField(path: Path, check: Check): Problem {
  const { source, schema } = check;
  if (isSecretName(path) && typeof valueAt(source.value, path) === 'string') return inlineSecret(path, check);
  const owner = path.slice(0, -1);
  const known = fieldsOf(schemaAt(schema, owner, source.value), valueAt(source.value, owner));
  const name = String(path.at(-1));
  const meant = nearest(name, known);
  const help = meant === null ? `fields that may stand here: ${known.join(', ')}` : `did you mean ${meant}?`;
  return problem(path, check, isQuotable(name) ? `there is no field ${name} here` : 'there is no such field', help, {
    part: 'field',
  });
}

const badName = (path: Path, message = 'must be another name', check: Check): Problem =>
  problem(path, check, `a name in ${subjectOf(path.slice(0, -1))} ${message}`, 'write for example market-maker', {
    part: 'field',
  });

function missing(path: Path, choices: readonly string[], check: Check): Problem {
  const { description, examples } = aboutOf(schemaAt(check.schema, path, check.source.value));
  const field = path.at(-1);
  const example = examples.length > 0 ? `, for example ${field}: ${shown(examples[0])}` : '';
  const what = choices.length > 0 ? `: ${choices.join(' or ')}` : example;
  return problem(path, check, `${subjectOf(path)} is missing`, `add ${field}${what}${inBrackets(description)}`);
}

function inlineSecret(path: Path, check: Check): Problem {
  const isReference = isSecretReference(schemaAt(check.schema, path, check.source.value));
  const help = isReference
    ? 'name where it comes from, { env: NAME } or { file: PATH }, and replace the secret: it has been seen'
    : 'remove it, and replace the secret: it has been seen';
  return problem(path, check, `${subjectOf(path)} seems to hold a secret, written out`, help, {
    rule: 'secret-material',
  });
}

/** A text where a reference belongs, or under a name that secrets have and that takes no such text. */
function isInlineSecret(issue: Issue, path: Path, value: unknown, { source, schema }: Check): boolean {
  if (typeof value !== 'string' || value === '') return false;
  if (isSecretReference(schemaAt(schema, path, source.value))) return true;
  const isMisspelt = issue.code === 'invalid_value' && nearest(value, choicesOf(issue)) !== null;
  return isSecretName(path) && !isMisspelt;
}

const isSecretName = (path: Path): boolean =>
  /(?:secret|token|pass(?:word|phrase)|private_?key|api_?key|credentials?)$/i.test(String(path.at(-1)));

/** The form of a union that a value comes closest to; null where none is closer than the others. */
function nearestForm(issue: z.core.$ZodIssueInvalidUnion): Issue[] | null {
  const forms = issue.errors.filter((issues) =>
    issues.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  );
  const [first, second] = forms.toSorted((a, b) => a.length - b.length);
  return first !== undefined && (second === undefined || first.length < second.length) ? first : null;
}

function wordsFor(issue: Issue, value: unknown): { says: string; help?: string } {
  switch (issue.code) {
    case 'invalid_type':
      return { says: `must be ${TYPES[issue.expected] ?? issue.expected}, not ${typeName(value)}` };
    case 'invalid_value':
      return oneOf(choicesOf(issue), value);
    case 'invalid_union':
      return choicesOf(issue).length > 0
        ? oneOf(choicesOf(issue), value)
        : { says: 'has none of the forms it can have' };
    case 'too_small':
      return { says: `must ${amount('at least', issue.minimum, issue.origin)}` };
    case 'too_big':
      return { says: `must ${amount('at most', issue.maximum, issue.origin)}` };
    default:
      return { says: /^(?:must|may) /.test(issue.message) ? issue.message : 'does not have the form it should have' };
  }
}

/** The values that would have done, where they are few: those of an enumeration, or the kinds of a union. */
function choicesOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' && 'options' in issue ? (issue.options ?? []).map(String) : [];
}

function oneOf(known: readonly string[], value: unknown): { says: string; help?: string } {
  const meant = typeof value === 'string' && known.length > 1 ? nearest(value, known) : null;
  const says = known.length === 1 ? `must be ${known[0]}` : `must be one of ${known.join(', ')}`;
  return { says, ...(meant !== null && { help: `did you mean ${meant}?` }) };
}

/** YAML reads some texts as numbers or as true and false. */
const wouldDoQuoted = (path: Path, value: unknown, { schema, source }: Check): boolean => {
  const here = schemaAt(schema, path, source.value);
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  return here !== null && isPlain && z.safeParse(here, String(value)).success;
};

function amount(bound: string, count: number | bigint, origin: string): string {
  if (origin === 'string') return `have ${bound} ${count} characters`;
  return origin === 'array' ? `have ${bound} ${count} ${count === 1 ? 'entry' : 'entries'}` : `be ${bound} ${count}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a set of fields',
  record: 'a set of fields',
};

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return TYPES[typeof value] ?? typeof value;
}

function whatToWrite(path: Path, { schema, source }: Check): string {
  const here = schemaAt(schema, path, source.value);
  const { description, examples } = aboutOf(here);
  const fields = fieldsOf(here, valueAt(source.value, path));
  if (isSecretReference(here)) return 'write { env: NAME } or { file: PATH }';
  if (examples.length > 0) return `write for example ${examples.map(shown).join(' or ')}${inBrackets(description)}`;
  if (fields.length > 0) return `write fields: ${fields.join(', ')}${inBrackets(description)}`;
  return description === undefined
    ? 'see policies/README.md for what belongs here'
    : `what belongs here: ${lowerFirst(description)}`;
}

const inBrackets = (description: string | undefined): string =>
  description === undefined ? '' : ` (${lowerFirst(description)})`;
const lowerFirst = (text: string): string =>
  /^[A-Z][a-z ]/.test(text) ? `${text.slice(0, 1).toLowerCase()}${text.slice(1)}` : text;

/** An example as it would be written in YAML. */
const shown = (example: unknown): string =>
  Array.isArray(example)
    ? `[${example.map(shown).join(', ')}]`
    : typeof example === 'string'
      ? example
      : JSON.stringify(example);

function subjectOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last === 'number') return `entry ${last + 1} of ${subjectOf(path.slice(0, -1))}`;
  return isQuotable(last) ? last : 'this field';
}

const isQuotable = (name: string): boolean => /^[\w$.<-]{1,40}$/.test(name);

function problem(
  path: Path,
  { source }: Check,
  message: string,
  help: string,
  { rule = 'schema', part = 'value' }: Place = {},
): Problem {
  return errorAt(source.file, source.locate(path, part), { rule, path, message, help });
}

interface Place {
  rule?: RuleId;
  part?: 'value' | 'field';
}
