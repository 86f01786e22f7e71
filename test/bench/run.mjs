// Builds keyturn and the benchmarks, and runs those named: npm run bench -- [NAME…] [--quick] [--large]. Fails when a limit is exceeded.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { build } from 'rolldown';
import { loadConfig } from 'rolldown/config';

const BENCHMARKS = [
  'start',
  'plan',
  'check',
  'generate',
  'passes',
  'aws',
  'serve',
  'review',
  'plan-vault',
  'rotation',
  'shards',
];
const BASELINES = ['plan-baseline', 'plan-vault-baseline', 'vault-fake', 'check-baseline'];
const folder = resolve('node_modules/.cache/keyturn-bench');

const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith('-'));
const unknown = names.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0)
  throw new Error(`there is no benchmark ${unknown.join(', ')}; there are ${BENCHMARKS.join(', ')}`);

const product = await loadConfig('rolldown.config.mjs');
await build(product);
await build({
  external: product.external,
  input: Object.fromEntries([...BENCHMARKS, ...BASELINES].map((name) => [name, `test/bench/${name}.ts`])),
  platform: 'node',
  logLevel: 'warn',
  output: { dir: folder, cleanDir: true },
});
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/empty.js`, '');

for (const name of names.length > 0 ? names : BENCHMARKS) {
  process.stdout.write(`\n== ${name}\n`);
  const options = words.filter((word) => word.startsWith('-'));
  const { status } = spawnSync(process.execPath, [`${folder}/${name}.js`, ...options], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
