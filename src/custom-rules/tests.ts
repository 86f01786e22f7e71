import { dirname, resolve } from 'node:path';
import type { Surroundings } from '../core/rules.ts';
import { findings, type Problem, type Ruled } from '../policy-files.ts';
import { findFiles } from '../policy-search.ts';
import { schemaProblems } from '../schema-problems.ts';
import { parseSource, readSource, type Source } from '../source.ts';
import { type Expectation, type Test, TestFile } from './schema.ts';

/** Tests of rules: policies, and everything that is to be found in them. */

export interface Tested {
  file: string;
  line: number;
  name: string;
  /** Expected, and not found. */
  missing: Expectation[];
  /** Found, and not expected. */
  unexpected: Ruled[];
}

export interface TestRun {
  tests: Tested[];
  /** Of the test files themselves. */
  problems: Problem[];
}

/** Runs every test of these files. Throws `invalid` where a policy that one names is not there. */
export function runTests(paths: readonly string[], surroundings: Surroundings): TestRun {
  const runs = paths.map((path) => runFile(path, readSource(path), surroundings));
  return { tests: runs.flatMap(({ tests }) => tests), problems: runs.flatMap(({ problems }) => problems) };
}

function runFile(path: string, source: Source, surroundings: Surroundings): TestRun {
  const parsed = TestFile.safeParse(source.value);
  const ofForm =
    parsed.error && source.value !== undefined ? schemaProblems(parsed.error, { schema: TestFile, source }) : [];
  const lines = source.linesOf('tests');
  const tests = (parsed.data?.tests ?? []).map((test, place): Tested => {
    const today = test.today === undefined ? surroundings.today : new Date(test.today);
    const found = findings(policiesOf(test, path), { ...surroundings, today });
    return { file: source.file, line: lines[place] ?? 1, name: test.name, ...compared(test.expect, found) };
  });
  return { tests, problems: [...source.problems, ...ofForm] };
}

/** A policy that is written out is a file of its own, in JSON. */
function policiesOf({ name, policy, path = '.' }: Test, testFile: string): Source[] {
  if (policy !== undefined) return [parseSource(name, JSON.stringify(policy))];
  return findFiles([resolve(dirname(testFile), path)]).policies.map(readSource);
}

/** Each expectation takes one of the things that were found; nothing may be left over on either side. */
function compared(expected: readonly Expectation[], found: readonly Ruled[]): Pick<Tested, 'missing' | 'unexpected'> {
  const unexpected = [...found];
  const missing = expected.toSorted(byPrecision).filter((expectation) => {
    const place = unexpected.findIndex((ruled) => isMeant(expectation, ruled));
    if (place >= 0) unexpected.splice(place, 1);
    return place < 0;
  });
  return { missing, unexpected };
}

/** Those that leave less open choose first. */
const byPrecision = (a: Expectation, b: Expectation): number => openIn(a) - openIn(b);
const openIn = ({ key, severity }: Expectation): number => (key ? 0 : 2) + (severity ? 0 : 1);

const isMeant = ({ rule, key, severity, waived }: Expectation, { problem, key: about }: Ruled): boolean =>
  rule === problem.rule &&
  (key === undefined || key === about) &&
  (severity === undefined || severity === problem.severity) &&
  waived === problem.waived;
