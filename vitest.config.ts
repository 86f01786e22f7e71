import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// unit: pure and in-memory, many tiny files in one thread pool. system, all the others: processes, files, HTTP servers; isolated.
const unit = ['test/*.test.ts', 'test/{core,properties}/**/*.test.ts'];

const report = process.env.KEYTURN_TEST_REPORT;
const json: [string, { outputFile: string }][] = report ? [['json', { outputFile: report }]] : [];

export default defineConfig({
  test: {
    // Where a report is asked for, whoever reads it prints the failures; the log stays short enough to be kept whole.
    reporters: [...(report ? ['dot'] : ['default']), './test/contract/table.ts', ...json],
    setupFiles: ['./test/matching.ts'],
    // Tests wait for processes and servers most of their time.
    maxWorkers: Math.max(3, availableParallelism()),
    // Generous, for machines that do something else as well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: unit, pool: 'threads', isolate: false },
      },
      {
        extends: true,
        test: { name: 'system', include: ['test/**/*.test.ts'], exclude: unit, globalSetup: 'test/global-setup.ts' },
      },
    ],
  },
});
