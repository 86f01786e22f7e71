import { InvalidArgumentError, Option } from 'commander';
import type { CommandIo } from '../commands/io.ts';
import type { ExitStatus } from '../exit.ts';
import type { LogLevel } from '../log-levels.ts';
import type { WorkspaceOptions } from '../workspace.ts';

/** What commands are described with. They are loaded when they are called, so that help costs next to nothing. */

/** Runs a command with what it may touch of the process. */
export type Act = (
  body: (io: CommandIo, common: WorkspaceOptions) => Promise<ExitStatus>,
  defaults?: { logLevel?: LogLevel },
) => Promise<void>;

export const output = (...formats: string[]): Option =>
  new Option('-o, --output <format>', 'output format').choices(formats).default('text');

export const at = (what: string): Option => new Option('--at <time>', what);

export const rehearsal = (): Option =>
  at('act as if it were that time; for a directory store with a venue on this machine');

export const by = (): Option => new Option('--by <name>', 'who does this, for the evidence (default: user@host)');

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('write a whole number.');
}

export function port(text: string): number {
  if (wholeNumber(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('ports end at 65535.');
}
