import type { ErrorCode } from './errors.ts';

/** How a command ends; programs rely on these. */
export const EXIT = {
  /** Fine. */
  OK: 0,
  /** Something failed; everything else was done all the same. `policy check`: more warnings than `--max-warnings`. */
  FAILED: 1,
  /** With `--detailed-exitcode`: the plan has actions, or the diff relaxes something. */
  CHANGES: 2,
  /** Something is overdue (`status --check`, `apply`). */
  OVERDUE: 3,
  /** Wrong usage (EX_USAGE of sysexits.h). */
  USAGE: 64,
  /** Invalid policy, configuration or plan file (EX_DATAERR). */
  INVALID: 65,
  /** A bug of keyturn (EX_SOFTWARE). */
  BUG: 70,
  /** Ctrl-C (SIGINT) came before everything was done: 128 and the signal’s number, as shells count. */
  INTERRUPTED: 130,
  /** SIGTERM came before everything was done. */
  TERMINATED: 143,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

export function exitStatusOf(code: ErrorCode): ExitStatus {
  if (code === 'usage') return EXIT.USAGE;
  return code === 'invalid' ? EXIT.INVALID : EXIT.FAILED;
}
