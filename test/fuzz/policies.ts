import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { loadPolicies, type PolicyContext } from '../../src/policy-files.ts';
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

/** Whatever bytes a policy file holds: problems with a place and a remedy, or keys; in time, and nothing else. */
export function policyProperty(): fc.IAsyncPropertyWithHooks<[Buffer]> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'policy.yaml');
  return fc.asyncProperty(mutatedFile(EXAMPLES), async (bytes) => {
    writeFileSync(path, bytes);
    const { problems, keys } = await inTime(() => loadPolicies([path], surroundings));
    for (const { file, line, column, message, help } of problems) {
      const isPlaced = file !== '' && [line, column].every((each) => Number.isInteger(each) && each >= 1);
      if (!isPlaced || message === '' || help === '') throw new Error(`${file}:${line}:${column} ${message}; ${help}`);
    }
    if (problems.length === 0 && keys.length === 0) throw new Error('no key and no problem');
    if ('polluted' in {}) throw new Error('every object has a field that a file wrote');
  });
}
