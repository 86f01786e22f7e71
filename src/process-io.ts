import type { CommandIo } from './commands/io.ts';
import type { Logger } from './log.ts';
import type { LogLevel } from './log-levels.ts';
import { terminalOf } from './terminal.ts';

type Process = Pick<NodeJS.Process, 'env' | 'on' | 'once' | 'off'> & {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
};

/** What a command may touch of its process, and how to let go of it. */
export function ioOf(
  process: Process,
  { noColor, quiet, logLevel }: { noColor: boolean; quiet: boolean; logLevel: LogLevel | undefined },
): { io: CommandIo; close(): void } {
  const { stdout, stderr, env } = process;
  const terminal = terminalOf(process, { noColor, quiet });
  const { signal, letGo } = interruptionOf(process);
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
  const hangups: (() => void)[] = [];
  return {
    io: {
      get stdin() {
        return process.stdin;
      },
      stdout,
      stderr,
      terminal,
      env,
      log() {
        opened ??= openLog();
        return opened;
      },
      get signal() {
        return signal();
      },
      onHangup(listener) {
        hangups.push(listener);
        process.on('SIGHUP', listener);
      },
    },
    close() {
      terminal.progress(null);
      letGo();
      for (const listener of hangups) process.off('SIGHUP', listener);
    },
  };
}

/**
 * Signals end a process at once, until a command asks for `signal`: from then on the first one only aborts it, and the
 * command ends by itself. Whoever sends a second one means it.
 */
function interruptionOf(process: Pick<Process, 'once' | 'off'>): { signal: () => AbortSignal; letGo: () => void } {
  let interruption: AbortController | null = null;
  const letGo = () => void SIGNALS.map((name) => process.off(name, interrupt));
  const interrupt = (name: NodeJS.Signals) => {
    letGo();
    interruption?.abort(name);
  };
  return {
    signal() {
      if (interruption === null) {
        interruption = new AbortController();
        for (const name of SIGNALS) process.once(name, interrupt);
      }
      return interruption.signal;
    },
    letGo,
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
