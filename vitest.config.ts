import { defineConfig } from 'vitest/config';

// unit: pure and in-memory, many tiny files in one thread pool. system: processes, files, HTTP servers; isolated.
const system = [
  'test/cli/**',
  'test/flow/**',
  'test/providers/**',
  'test/contract/**',
  'test/sandbox/**',
  'test/outside/**',
].map((folder) => `${folder}/*.test.ts`);

const report = process.env.KEYTURN_TEST_REPORT;

export default defineConfig({
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: system, pool: 'threads', isolate: false } },
      {
        test: {
          name: 'system',
          include: system,
          globalSetup: 'test/global-setup.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
