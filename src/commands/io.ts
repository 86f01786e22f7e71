import type { Readable, Writable } from 'node:stream';
import { KeyturnError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Terminal } from '../terminal.ts';

/** What a command may touch of its process. Results go to `stdout`, everything else to `stderr`. */
export interface CommandIo {
  readonly stdin: Readable;
  stdout: Writable;
  stderr: Writable;
  terminal: Terminal;
  /** Loaded when somebody first has something to log. */
  log(): Promise<Logger>;
  env: NodeJS.ProcessEnv;
  /**
   * Aborted by SIGINT and SIGTERM, with the name as its reason: finish the step in hand, begin no other. Whoever asks for it
   * takes over to end; a command that never does is ended by the system.
   */
  readonly signal: AbortSignal;
  /** Calls this on every SIGHUP while the command runs; a command that never asks is ended by one. */
  onHangup(listener: () => void): void;
}

/** One JSON document, as `-o json` promises it: with `formatVersion`, instants in ISO 8601. */
export function printJson({ stdout }: Pick<CommandIo, 'stdout'>, value: object): void {
  stdout.write(`${JSON.stringify({ formatVersion: 1, ...value }, null, 2)}\n`);
}

/** The first line of a stream, without its end; at most 64 KiB are read. */
export async function readLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n') || text.length > 65_536) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

/** Prompts are only for callers that have seen `terminal.interactive`. A cancelled one ends the command without changes. */
export async function promptText(message: string): Promise<string> {
  const { isCancel, text } = await import('@clack/prompts');
  const answer = await text({ message, output: process.stderr });
  if (isCancel(answer)) throw cancelled();
  return answer ?? '';
}

export async function confirm(message: string): Promise<boolean> {
  const prompts = await import('@clack/prompts');
  const answer = await prompts.confirm({ message, output: process.stderr });
  if (prompts.isCancel(answer)) throw cancelled();
  return answer;
}

export async function promptPassphrase(message: string): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message, output: process.stderr });
  if (isCancel(answer)) throw cancelled();
  return answer ?? '';
}

const cancelled = () => new KeyturnError('refused', 'cancelled; what was not answered was not done');
