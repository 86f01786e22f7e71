import process from 'node:process';

// Generating keys occupies libuv’s threads for seconds; without spare ones every file and DNS call would wait behind it.
process.env.UV_THREADPOOL_SIZE ??= '12';

// Libraries that honour DEBUG print requests with their headers.
delete process.env.DEBUG;

const { run } = await import('./cli.ts');

// A reader that has seen enough (`keyturn plan | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode);
  throw error;
});

// Only here does the process get its exit status; it ends by itself once everything is written.
process.exitCode = await run(process);
