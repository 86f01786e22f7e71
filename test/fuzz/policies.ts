import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { compile } from '../../src/core/compile.ts';
import { PolicyFile } from '../../src/core/policy-schema.ts';
import { checkFile, checkPolicies, type PolicyContext } from '../../src/policy-files.ts';
import { type Source, sourceOf } from '../../src/source.ts';
import { someCapabilities } from '../build.ts';
import { mutatedFile } from './mutations.ts';
import { inTime } from './time.ts';

const EXAMPLES = ['policies/binance-main.yaml', 'policies/binance-treasury.yaml'].map((path) =>
  readFileSync(path, 'utf8'),
);

const surroundings: PolicyContext = {
  venues: new Map([['binance', { capabilities: someCapabilities(), insideAddress: null }]]),
  stores: new Set(['local']),
  today: new Date('2026-11-24T12:00:00Z'),
};

/** As it checks many. */
const compiledPolicy = compile(PolicyFile, { strict: true });

/** Whatever bytes a policy file holds: problems with a place and a remedy, or keys; in time, and nothing else. */
export const policyProperty = (): fc.IAsyncPropertyWithHooks<[Buffer]> =>
  fc.asyncProperty(mutatedFile(EXAMPLES), (bytes) => checkPolicy(bytes));

/** Checks the bytes of one file, and throws what that should not have done. */
export async function checkPolicy(bytes: Buffer): Promise<void> {
  const read = (source: Source, schema: typeof PolicyFile) =>
    checkPolicies([checkFile(source, surroundings, schema)], surroundings, []);
  const { source, ...found } = await inTime(async () => {
    const source = sourceOf('policy.yaml', bytes);
    return { source, ...read(source, PolicyFile) };
  });
  if (!isDeepStrictEqual(found, read(source, compiledPolicy))) throw new Error('compiled, the schema says otherwise');
  const { problems, keys } = found;
  for (const { file, line, column, message, help } of problems) {
    const isPlaced = file !== '' && [line, column].every((each) => Number.isInteger(each) && each >= 1);
    if (!isPlaced || message === '' || help === '') throw new Error(`${file}:${line}:${column} ${message}; ${help}`);
  }
  if (problems.length === 0 && keys.length === 0) throw new Error('no key and no problem');
  if ('polluted' in {}) throw new Error('every object has a field that a file wrote');
}
