import process from 'node:process';
import { writeNoDumps } from './dumps.ts';
import { EXIT } from './exit.ts';

// Generating keys occupies libuv’s threads for seconds; without spare ones every file and DNS call would wait behind it.
process.env.UV_THREADPOOL_SIZE ??= '12';

// Libraries that honour DEBUG print requests with their headers.
delete process.env.DEBUG;

writeNoDumps(process);

const { run } = await import('./cli.ts');

// A reader that has seen enough (`keyturn plan | head`) is no failure, and what was begun is finished without it.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return;
  process.stderr.write(`keyturn: error: standard output cannot be written (${code})\n`);
  process.exitCode ||= EXIT.FAILED;
});
// Nobody is left to be told; the exit status still says how it went.
process.stderr.on('error', () => undefined);

// Only here does the process get its exit status; it ends by itself once everything is written.
const status = await run(process);
process.exitCode ||= status;
