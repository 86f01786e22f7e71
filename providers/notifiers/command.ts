import { once } from 'node:events';
import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
import { KeyturnError } from '../../src/errors.ts';
import type { Notifier, NotifierDependencies } from '../../src/ports/notifier.ts';
import { documentOf } from './document.ts';

export const CommandOptions = z.strictObject({
  run: about(z.array(z.string().check(z.minLength(1))).check(z.minLength(1)), {
    description: 'A program and its arguments, run without a shell; it gets the message as JSON on standard input',
    examples: [['/usr/local/bin/on-rotation', '--quiet']],
  }),
  timeoutSeconds: about(z._default(z.int().check(z.minimum(1), z.maximum(300)), 30), 'After that it is ended'),
});
type CommandOptions = z.infer<typeof CommandOptions>;

/** A program of your own: status 0 means that it took the message on. What it writes is not read, since it may be anything. */
export const openCommand = ({ run, timeoutSeconds }: CommandOptions, { folder }: NotifierDependencies): Notifier => ({
  async deliver(message) {
    const { spawn } = await import('node:child_process');
    const [program = '', ...args] = run;
    let timer: NodeJS.Timeout | undefined;
    try {
      // A group of its own, so that whatever it started ends with it. What cannot be started is thrown here, or told by `exited`.
      const child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
      const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
      timer = setTimeout(() => endGroup(child.pid), timeoutSeconds * 1000);
      // A program need not read what it is told. Without a free descriptor there is no standard input.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(documentOf(message));
      const [status, signal] = await exited;
      if (status === 0) return;
      const hint = `run it by hand; it must end with 0 within ${timeoutSeconds} seconds`;
      if (status === null) throw new KeyturnError('unavailable', `its program was ended by ${signal}`, { hint });
      throw new KeyturnError('refused', `its program ended with status ${status}`, { hint });
    } catch (error) {
      if (error instanceof KeyturnError) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
      throw new KeyturnError('invalid', `its program cannot be started (${code})`, {
        hint: 'check run: the first word is a program, found along PATH or by its path',
      });
    } finally {
      clearTimeout(timer);
    }
  },
});

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It had just ended by itself.
  }
}
