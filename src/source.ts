import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { LineCounter } from 'yaml';
import type { Path } from './core/rules.ts';
import { KeyturnError } from './errors.ts';
import { errorAt, type Position, type Problem } from './problems.ts';
import { valueAt } from './schema-walk.ts';
import { findSecretMaterial } from './secret-material.ts';
import { offsetInText, offsetOf, offsetsIn, understand } from './yaml.ts';

/** A YAML file: what it says, and where each part of it stands. */
export interface Source {
  /** As problems name it. */
  file: string;
  text: string;
  /** Plain data; undefined where the file cannot be understood. */
  value: unknown;
  /** What is wrong with it whatever it is for: syntax, and secret material. */
  problems: Problem[];
  /** Where the value of this path stands (`field`: its name), or as much of the path as is written. */
  locate: (path: Path, part?: 'value' | 'field') => Position;
  /** Where the character at this place of a text value stands. */
  locateIn: (path: Path, place: number) => Position;
  /** The lines on which the entries of a top-level list begin. */
  linesOf(list: string): number[];
}

/** Many times the keys of the largest account; of some texts that are no policy, more would take long to refuse. */
const MAX_BYTES = 256 * 1024;
const START: Position = { line: 1, column: 1 };

/** Reads one file of at most 256 KiB. Throws `invalid` when it is not handed over. */
export function readSource(path: string): Source {
  const { size } = orInvalid(path, () => statSync(path));
  return size > MAX_BYTES
    ? tooLarge(asTyped(path), size)
    : sourceOf(
        asTyped(path),
        orInvalid(path, () => readFileSync(path)),
      );
}

/** The same for bytes that are at hand. Takes any. */
export function sourceOf(file: string, bytes: Buffer): Source {
  if (bytes.length > MAX_BYTES) return tooLarge(file, bytes.length);
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const isText = isUtf8(bytes) && !text.includes('\0');
  return isText
    ? parseSource(file, text)
    : unreadable(file, text, 'the file is not UTF-8 text', 'save it in the encoding UTF-8');
}

const tooLarge = (file: string, size: number): Source =>
  unreadable(file, '', `the file is too large: ${size} bytes of at most ${MAX_BYTES}`, 'divide it into several files');

/** What the file system says of a path, or an `invalid` error that says what to do about it. */
export function orInvalid<T>(path: string, ask: () => T): T {
  try {
    return ask();
  } catch (cause) {
    throw new KeyturnError('invalid', `${asTyped(path)} cannot be read`, { hint: remedyFor(cause), cause });
  }
}

function remedyFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'check the path: there is nothing of that name';
  if (code === 'EACCES' || code === 'EPERM') return 'give this user the right to read it';
  if (code === 'EISDIR') return 'name a file: this is a folder';
  return `the operating system says ${String(code)}`;
}

/** A path as the user would type it: relative for what is inside the working directory. */
export function asTyped(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return /^\.\.(?:[/\\]|$)/.test(fromHere) ? resolve(path) : fromHere || '.';
}

function unreadable(file: string, text: string, message: string, help: string): Source {
  const problem = errorAt(file, START, { rule: 'syntax', path: [], message, help });
  return {
    file,
    text,
    value: undefined,
    problems: [problem, ...secretsIn(file, text)],
    locate: () => START,
    locateIn: () => START,
    linesOf: () => [],
  };
}

/** Takes any text. */
export function parseSource(file: string, text: string): Source {
  const positionAt = positionsIn(text);
  const { document, value, faults } = understand(text);
  const syntax = faults.map(({ offset, message, help }) =>
    errorAt(file, positionAt(offset), { rule: 'syntax', path: [], message, help }),
  );
  return {
    file,
    text,
    value,
    problems: [...onePerLine(syntax), ...secretsIn(file, text)],
    locate: (path, part = 'value') => (document === null ? START : positionAt(offsetOf(document, path, part))),
    locateIn: (path, place) =>
      document === null
        ? START
        : positionAt(offsetInText(text, offsetOf(document, path, 'value'), valueAt(value, path), place)),
    linesOf: (list) => (document === null ? [] : offsetsIn(document, list).map((offset) => positionAt(offset).line)),
  };
}

function secretsIn(file: string, text: string): Problem[] {
  return findSecretMaterial(text).map(({ offset, what }) =>
    errorAt(file, positionsIn(text)(offset), {
      rule: 'secret-material',
      path: [],
      message: `here stands ${what}`,
      help: 'remove it, treat it as known to everyone who can read this file, and replace it at once',
    }),
  );
}

/** One mistake of syntax draws others behind it. */
const onePerLine = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.toReversed().map((problem) => [problem.line, problem])).values(),
];

function positionsIn(text: string): (offset: number) => Position {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) lines.addNewLine(end + 1);
  return (offset) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
}
