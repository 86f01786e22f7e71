import { EXIT, type ExitStatus } from '../exit.ts';
import type { KeyReport } from '../tick.ts';
import type { CommandIo } from './io.ts';

/** The step in hand may take seconds, and nobody likes to wait without a word. */
export function announceInterruption({ signal, stderr, terminal }: CommandIo): void {
  const say = () => {
    terminal.progress(null);
    stderr.write('keyturn: finishing the step in hand; interrupt once more to end at once\n');
  };
  signal.addEventListener('abort', say, { once: true });
}

/** Null unless a signal left something undone. */
export function statusAfterInterruption(
  reports: readonly KeyReport[],
  { signal, stderr }: CommandIo,
): ExitStatus | null {
  const left = reports.filter(({ decision, error }) => decision.action !== null && error === null).length;
  if (!signal.aborted || left === 0) return null;
  const keys = left === 1 ? '1 key has' : `${left} keys have`;
  stderr.write(`keyturn: stopped by ${signal.reason}: ${keys} more to do; the next keyturn apply goes on from here\n`);
  return signal.reason === 'SIGINT' ? EXIT.INTERRUPTED : EXIT.TERMINATED;
}
