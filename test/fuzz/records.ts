import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { compile } from '../../src/core/compile.ts';
import { decide } from '../../src/core/decide.ts';
import { observe } from '../../src/core/evidence.ts';
import { KeyRecord } from '../../src/core/record.ts';
import { statusOf } from '../../src/core/status.ts';
import { isKeyturnError } from '../../src/errors.ts';
import { readRecord } from '../../src/records.ts';
import { aGeneration, aKey, aRecord, aSnapshot, DAY, someCapabilities, T, withInstants } from '../build.ts';
import { mutatedFile } from './mutations.ts';
import { inTime } from './time.ts';

const KEY = 'binance-main/spot';

/** As it checks many. */
const compiledRecord = compile(KeyRecord, { strict: true });
const seen = {
  at: T(),
  event: 'probed',
  by: 'ops@desk',
  detail: { verdict: 'dead', answers: ['/sapi 400 -2008 unknown-key'] },
};
const compromised = { at: T(DAY), by: 'ops', reason: 'leak' };

/** Records in the middle of life, with every field that a record may have in one of them. */
const EXAMPLES: readonly KeyRecord[] = [
  aRecord({ roles: { next: aGeneration(1, 'generated') }, intent: { action: 'generate', generation: 1, at: T() } }),
  aRecord({
    roles: {
      previous: [
        withInstants(observe(KEY, aGeneration(6, 'deletionAsked', { deadGroups: [T(DAY)], compromised }), seen), {
          superseded: T(),
        }),
      ],
      current: aGeneration(7, 'promoted', {
        allowlist: 'unproven',
        probe: { at: T(), verdict: 'inconclusive', reason: 'network' },
      }),
      next: aGeneration(8, 'registered', {
        discardedApiKeys: ['a'.repeat(64)],
        findings: [{ code: 'permission-missing', switch: 'Enable Reading', message: 'turn on “Enable Reading”' }],
        findingsSince: T(),
      }),
    },
    accountUid: '354937868',
    claim: { by: 'worker', nonce: 'n', until: T(900) },
    request: { at: T(), by: 'ops', reason: 'because' },
    history: [
      { generation: 5, fingerprint: '5'.repeat(64), provenDead: T(), destroyed: T(), evidence: 'e'.repeat(64) },
    ],
    evidenceHead: 'e'.repeat(64),
  }),
];

/** Whatever bytes a store returns as a record: `corrupt`, or a record that decisions and status can be made of. */
export function recordProperty(): fc.IAsyncPropertyWithHooks<[Buffer]> {
  return fc.asyncProperty(mutatedFile(EXAMPLES.map((record) => JSON.stringify(record))), async (bytes) => {
    const text = bytes.toString('utf8');
    const record = await inTime(() => readOrCorrupt(text, KeyRecord));
    const compiled = await readOrCorrupt(text, compiledRecord);
    if (!isDeepStrictEqual(record, compiled)) throw new Error('compiled, the schema says otherwise');
    if (record === null) return;
    const snapshot = aSnapshot({ record });
    decide(snapshot);
    statusOf(aKey(), record, someCapabilities(), snapshot.now);
  });
}

async function readOrCorrupt(text: string, schema: typeof KeyRecord): Promise<KeyRecord | null> {
  try {
    return await readRecord({ readRecord: async () => ({ text, revision: 1 }) }, KEY, schema);
  } catch (error) {
    if (isKeyturnError(error, 'corrupt')) return null;
    throw error;
  }
}
