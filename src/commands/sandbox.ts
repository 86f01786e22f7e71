import { parseInstant } from '../clock.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { startSandbox } from '../sandbox/server.ts';
import type { CommandIo } from './io.ts';

export interface SandboxOptions {
  host: string;
  port: number;
  state: string;
  at?: string | undefined;
}

/** The exchange simulator, until it is interrupted. */
export async function sandbox({ host, port, state, at }: SandboxOptions, io: CommandIo): Promise<ExitStatus> {
  const { signal } = io;
  const log = await io.log();
  const server = await startSandbox({ host, port, stateFile: state, log: (line) => log.debug(line, 'sandbox') });
  if (at !== undefined) server.turnClock(parseInstant(at));
  io.stdout.write(
    `keyturn sandbox listens on ${server.url}\nAPI management for people: ${server.url}/en/my/settings/api-management\nkeys are kept in ${state}; end with Ctrl-C\n`,
  );
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await server.close();
  return EXIT.OK;
}
