import { loadRules } from '../custom-rules/load.ts';
import { runTests, type Tested } from '../custom-rules/tests.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Problem } from '../policy-files.ts';
import { findFiles } from '../policy-search.ts';
import { readSource } from '../source.ts';
import { configured, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface PolicyTestOptions extends WorkspaceOptions {
  output: 'text' | 'json';
  paths: string[];
}

/** Runs tests of rules: policies, and everything that rules are expected to find in them. */
export async function policyTest(options: PolicyTestOptions, io: CommandIo): Promise<ExitStatus> {
  const paths = options.paths.length > 0 ? options.paths : [options.policies ?? 'policies'];
  const { rules: rulesFiles, tests: testFiles } = findFiles(paths);
  if (testFiles.length === 0) {
    throw new KeyturnError('invalid', `there are no tests in ${paths.join(', ')}`, {
      hint: 'write some into a file *.test.yaml; docs/custom-rules.md shows how',
    });
  }
  const { surroundings, problems: ofConfiguration } = await configured(options);
  const { rules, problems: ofRules } = loadRules(rulesFiles.map(readSource));
  const run = runTests(testFiles, { ...surroundings, rules });
  const problems = [...ofConfiguration, ...ofRules, ...run.problems];
  if (options.output === 'json') printJson(io, { tests: run.tests.map(jsonOf), problems });
  else io.stdout.write(textOf(run.tests, problems, io));
  if (problems.length > 0) return EXIT.INVALID;
  return run.tests.every(isPassed) ? EXIT.OK : EXIT.FAILED;
}

const isPassed = ({ missing, unexpected }: Tested): boolean => missing.length === 0 && unexpected.length === 0;

const jsonOf = ({ unexpected, ...tested }: Tested) => ({
  ...tested,
  passed: isPassed({ ...tested, unexpected }),
  unexpected: unexpected.map(({ key, problem: { rule, severity, waived, message } }) => ({
    rule,
    key: key ?? null,
    severity,
    waived,
    message,
  })),
});

function textOf(tests: readonly Tested[], problems: readonly Problem[], { terminal: { paint } }: CommandIo): string {
  const lines = tests.flatMap((tested) => [
    `${isPassed(tested) ? paint.green('ok    ') : paint.red('failed')}  ${tested.file}:${tested.line}: ${tested.name}`,
    ...tested.missing.map(
      ({ rule, key, severity, waived }) => `        not found: ${described(rule, key, severity, waived)}`,
    ),
    ...tested.unexpected.map(
      ({ key, problem: { rule, severity, waived, message } }) =>
        `        not expected: ${described(rule, key, severity, waived)}: ${message}`,
    ),
  ]);
  const wrong = problems.map(
    ({ file, line, column, rule, message, help }) =>
      `${file}:${line}:${column}: ${paint.red('error')} [${rule}] ${message}\n  ${help}`,
  );
  const passed = tests.filter(isPassed).length;
  return [...wrong, ...lines, '', `${passed} passed, ${tests.length - passed} failed`, ''].join('\n');
}

const described = (rule: string, key?: string, severity?: string, waived?: boolean): string =>
  [severity, `[${rule}]`, key, waived ? '(waived)' : ''].filter((part) => part).join(' ');
