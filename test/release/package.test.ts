import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aFolder } from '../cli/keyturn.ts';

/** What a registry would get: all that runs and is read, nothing that only builds and tests it. */

const run = promisify(execFile);

let folder: string;
let close: () => Promise<void>;
let archive: string;
beforeAll(async () => {
  ({ folder, close } = await aFolder());
  // Built already; to build it once more would take the program away from under other tests.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
  archive = join(folder, (await readdir(folder))[0] ?? '');
  await run('tar', ['-xzf', archive, '-C', folder]);
});
afterAll(() => close());

it('has no sources and no tests, and is small', async () => {
  const files = (await readdir(join(folder, 'package'))).sort().join(' ');
  expect(files).toBe('CHANGES.md LICENSE README.md SECURITY.md dist docs k8s package.json policies');
  expect((await stat(archive)).size).toBeLessThan(1_050_000);
});

it('runs without anything beside it', async () => {
  const main = join(folder, 'package/dist/main.js');
  const { stdout } = await run(process.execPath, [main, 'demo'], { cwd: folder, env: {} });
  expect(stdout).toMatch(/dead/);
});
