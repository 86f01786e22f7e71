import type { CommandIo } from './commands/io.ts';
import type { Logger } from './log.ts';
import type { LogLevel } from './log-levels.ts';
import { terminalOf } from './terminal.ts';

type Process = Pick<NodeJS.Process, 'env' | 'once' | 'off'> & {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
};

/** What a command may touch of its process, and how to let go of it. */
export function ioOf(
  process: Process,
  { noColor, quiet, logLevel }: { noColor: boolean; quiet: boolean; logLevel: LogLevel | undefined },
): { io: CommandIo; close(): void } {
  const { stdin, stdout, stderr, env } = process;
  const terminal = terminalOf({ stdin, stdout, stderr, env, noColor, quiet });
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  // Once: whoever interrupts twice means it.
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const openLog = async (): Promise<Logger> => {
    const { createLogger } = await import('./log.ts');
    return createLogger({
      level: logLevel ?? (stderr.isTTY ? 'warn' : 'info'),
      stream: {
        write(line: string) {
          terminal.progress(null);
          return stderr.write(line);
        },
      },
      paint: stderr.isTTY ? terminal.paint : null,
    });
  };
  let opened: Promise<Logger> | undefined;
  return {
    io: {
      stdin,
      stdout,
      stderr,
      terminal,
      env,
      signal: interruption.signal,
      log() {
        opened ??= openLog();
        return opened;
      },
    },
    close() {
      terminal.progress(null);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
