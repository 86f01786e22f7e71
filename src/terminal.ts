import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';

/** What keyturn writes to, and what that can do. Colour, prompts and progress are for terminals only. */
export interface Terminal {
  /** A person is there to answer: standard input and standard error are terminals and this is no CI run. */
  readonly interactive: boolean;
  /** Columns of standard output; null in a pipe. */
  width: number | null;
  paint: Paint;
  /** Shows what is going on, on one row of standard error that the next call replaces and null erases. Silent in a pipe. */
  progress(text: string | null): void;
  /** Puts a text on the clipboard of the person’s terminal (OSC 52). False where that is impossible. */
  copy(text: string): boolean;
}

export type Paint = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

/** A process, as far as a terminal depends on it. Standard input is looked at when somebody is to be asked: opening it takes a while. */
export interface TerminalEnvironment {
  readonly stdin: { isTTY?: boolean };
  stdout: Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number };
  stderr: Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number };
  env: NodeJS.ProcessEnv;
}

/** The switches `--no-color` and `--quiet`. */
export interface TerminalOptions {
  noColor?: boolean;
  quiet?: boolean;
}

export function terminalOf(
  process: TerminalEnvironment,
  { noColor = false, quiet = false }: TerminalOptions = {},
): Terminal {
  const { stdout, stderr, env } = process;
  const isTerminal = stderr.isTTY === true;
  const canShowProgress = isTerminal && !quiet && env.TERM !== 'dumb';
  let showsProgress = false;
  return {
    get interactive() {
      return isTerminal && !env.CI && process.stdin.isTTY === true;
    },
    width: stdout.isTTY ? widthOf(stdout) : null,
    paint: pc.createColors(wantsColour(stdout, env, noColor)),
    progress(text) {
      if (!canShowProgress || (text === null && !showsProgress)) return;
      showsProgress = text !== null;
      // A longer text would go on in a second row, and only the last one is erased.
      stderr.write(`${ERASE_ROW}${text === null ? '' : shorten(text, widthOf(stderr) - 1)}`);
    },
    copy(text) {
      if (isTerminal) stderr.write(`\u001b]52;c;${Buffer.from(text, 'utf8').toString('base64')}\u0007`);
      return isTerminal;
    },
  };
}

/** Pseudo-terminals without a size say 0. */
const widthOf = ({ columns }: { columns?: number }): number => columns || 80;

const ERASE_ROW = '\r\u001b[2K';

/** https://no-color.org and https://force-color.org: a non-empty NO_COLOR wins. */
function wantsColour({ isTTY }: TerminalEnvironment['stdout'], env: NodeJS.ProcessEnv, noColor: boolean): boolean {
  if (noColor || env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return isTTY === true && env.TERM !== 'dumb';
}

/** How wide a terminal draws a text: nothing for escapes and combining marks, two columns for East Asian letters and emoji. */
function columnsOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let columns = 0;
  for (const letter of stripVTControlCharacters(text))
    columns += INVISIBLE.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
  return columns;
}

/** Most texts are, and need not be looked at letter by letter. */
const PLAIN = /^[ -~]*$/;
const INVISIBLE = /\p{Mn}|\p{Me}|\p{Cf}/u;
const WIDE =
  /\p{Emoji_Presentation}|\p{sc=Han}|\p{sc=Hangul}|\p{sc=Hiragana}|\p{sc=Katakana}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let short = '';
  for (const letter of text) {
    if (columnsOf(short + letter) >= columns) break;
    short += letter;
  }
  return `${short}…`;
}

/** Rows as aligned columns, the first row being the heading. On a terminal the last column is folded to its width. */
export function table(
  rows: readonly (readonly string[])[],
  { width, paint }: Pick<Terminal, 'width' | 'paint'>,
): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, columnsOf(row[column] ?? '')), 0),
  );
  const indent = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const lines = rows.map((row, index) => {
    const cells = row
      .slice(0, -1)
      .map((cell, column) => `${cell}${' '.repeat((widths[column] ?? 0) - columnsOf(cell))}  `);
    const text = `${cells.join('')}${fold(row.at(-1) ?? '', indent, width)}`.trimEnd();
    return index === 0 ? paint.dim(text) : text;
  });
  return `${lines.join('\n')}\n`;
}

function fold(text: string, indent: number, width: number | null): string {
  const room = (width ?? Number.POSITIVE_INFINITY) - indent;
  if (room < 30 || columnsOf(text) <= room) return text;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || columnsOf(last) + 1 + columnsOf(word) > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
