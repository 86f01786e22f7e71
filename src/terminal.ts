import type { WriteStream } from 'node:tty';
import pc from 'picocolors';

/** What keyturn writes to, and what that can do. Colour, prompts and progress are for terminals only. */
export interface Terminal {
  /** A person is there to answer: standard input and standard error are terminals and this is no CI run. */
  interactive: boolean;
  /** Columns of standard output; null in a pipe. */
  width: number | null;
  paint: Paint;
  /** Shows what is going on, on one line of standard error that the next call replaces and null erases. Silent in a pipe. */
  progress(text: string | null): void;
  /** Puts a text on the clipboard of the person’s terminal (OSC 52). False where that is impossible. */
  copy(text: string): boolean;
}

export type Paint = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

export interface TerminalEnvironment {
  stdin: { isTTY?: boolean };
  stdout: Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number };
  stderr: Pick<WriteStream, 'write'> & { isTTY?: boolean };
  env: NodeJS.ProcessEnv;
  /** From `--no-color` and `--quiet`. */
  noColor?: boolean;
  quiet?: boolean;
}

export function terminalOf({
  stdin,
  stdout,
  stderr,
  env,
  noColor = false,
  quiet = false,
}: TerminalEnvironment): Terminal {
  const isTerminal = stderr.isTTY === true;
  const showsProgress = isTerminal && !quiet && env.TERM !== 'dumb';
  return {
    interactive: stdin.isTTY === true && isTerminal && !env.CI,
    width: stdout.isTTY ? (stdout.columns ?? 80) : null,
    paint: pc.createColors(wantsColour(stdout, env, noColor)),
    progress(text) {
      if (showsProgress) stderr.write(text === null ? ERASE_LINE : `${ERASE_LINE}${text}`);
    },
    copy(text) {
      if (isTerminal) stderr.write(`\u001b]52;c;${Buffer.from(text, 'utf8').toString('base64')}\u0007`);
      return isTerminal;
    },
  };
}

const ERASE_LINE = '\r\u001b[2K';

/** https://no-color.org and https://force-color.org: a non-empty NO_COLOR wins. */
function wantsColour({ isTTY }: TerminalEnvironment['stdout'], env: NodeJS.ProcessEnv, noColor: boolean): boolean {
  if (noColor || env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return isTTY === true && env.TERM !== 'dumb';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPES = /\u001b\[[0-9;]*m/g;
const columnsOf = (text: string): number => [...text.replace(ESCAPES, '')].length;

/** Rows as aligned columns, the first row being the heading. On a terminal the last column is folded to its width. */
export function table(
  rows: readonly (readonly string[])[],
  { width, paint }: Pick<Terminal, 'width' | 'paint'>,
): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))));
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
