// Runs a program of the tests that is no test: `node test/script.mjs FILE.ts ARGUMENTS…`, bundled first, as Node 20 reads no TypeScript.
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';

const [, , input, ...words] = process.argv;
const dir = await mkdtemp(resolve('node_modules/.script-'));
try {
  const external = (id) => !/^[./]/.test(id) && !id.startsWith(resolve('.'));
  const output = { dir, format: 'esm', entryFileNames: 'script.mjs' };
  await build({ input, platform: 'node', external, output, logLevel: 'warn' });
  process.argv = [process.argv[0], input, ...words];
  await import(pathToFileURL(join(dir, 'script.mjs')).href);
} finally {
  await rm(dir, { recursive: true, force: true });
}
