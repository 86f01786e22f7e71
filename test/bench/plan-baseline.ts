import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { forMany } from '../../src/core/for-many.ts';
import { KeyRecord } from '../../src/core/record.ts';

/**
 * The least that planning over a directory store can do: parse every policy, and read, parse and validate the newest
 * record of every key. Decides nothing and prints nothing.
 */
const schema = await forMany(KeyRecord, 10_000);
for (const file of readdirSync('policies')) {
  const { account, keys } = parseDocument(readFileSync(join('policies', file), 'utf8'), {
    version: '1.2',
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  }).toJS() as { account: string; keys: { name: string }[] };
  for (const { name } of keys) {
    const records = join('.keyturn', 'store', account, name, 'record');
    const newest = readdirSync(records).sort().at(-1);
    schema.parse(JSON.parse(readFileSync(join(records, newest ?? ''), 'utf8')));
  }
}
