import { writeNoDumps, writeNoInternals } from './dumps.ts';
import { EXIT } from './exit.ts';

// Generating keys occupies libuv’s threads for seconds; without spare ones every file and DNS call would wait behind it.
// The pool takes its size when it is first used, which loading an ES module does: so this entry is built as CommonJS.
process.env.UV_THREADPOOL_SIZE ??= '12';

// Libraries that honour DEBUG print requests with their headers.
delete process.env.DEBUG;

writeNoDumps(process);
writeNoInternals(process);

// A reader that has seen enough (`keyturn plan | head`) is no failure, and what was begun is finished without it.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return;
  process.stderr.write(`keyturn: error: standard output cannot be written (${code})\n`);
  process.exitCode ||= EXIT.FAILED;
});
// Nobody is left to be told; the exit status still says how it went.
process.stderr.on('error', () => undefined);

// Only here does the process get its exit status; it ends by itself once everything is written.
void import('./cli.ts')
  .then(({ run }) => run(process))
  .then((status) => {
    process.exitCode ||= status;
  });
