import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Reads what the steps of .ci/run left in a folder; prints every failure, and last `N passed, N failed`. */

const [results] = process.argv.slice(2);
const LINES = 15;

const steps = readFileSync(join(results, 'steps'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t'));

let passed = 0;
const failures = [];
for (const [name, status] of steps) {
  const report = join(results, `${name}.json`);
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  const before = failures.length;
  for (const file of files) {
    const tests = file.assertionResults;
    const failed = tests.filter((test) => test.status === 'failed');
    passed += tests.filter((test) => test.status === 'passed').length;
    for (const test of failed) failures.push(failure(name, file, test.fullName, test.failureMessages.join('\n')));
    // A file that cannot be loaded, or whose hooks fail, has no failed tests of its own.
    if (file.status === 'failed' && failed.length === 0) failures.push(failure(name, file, 'the file', file.message));
  }
  if (status !== '0' && failures.length === before) failures.push(`${name}: status ${status}, see its output above`);
}
if (passed === 0) failures.push('no test passed');

/** Without what vitest puts there: its own frames, and a placeholder where a test took too long. */
function failure(step, file, title, message) {
  const text = message.replace('STACK_TRACE_ERROR', 'it took too long');
  const lines = text.split('\n').filter((line) => !line.includes('/node_modules/'));
  return [`${step}: ${relative('.', file.name)}: ${title}`, ...lines.slice(0, LINES).map((line) => `    ${line}`)].join(
    '\n',
  );
}

process.stdout.write(
  `\n${failures.map((text) => `FAILED ${text}\n\n`).join('')}${passed} passed, ${failures.length} failed\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
