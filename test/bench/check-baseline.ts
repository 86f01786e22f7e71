import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';

/** Reads every policy as YAML, with the options keyturn reads it with, and does nothing with it. */
for (const file of readdirSync('policies')) {
  parseDocument(readFileSync(join('policies', file), 'utf8'), {
    version: '1.2',
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  }).toJS();
}
