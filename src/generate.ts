import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import * as z from 'zod/mini';
import { findingTables } from './doctor/page.ts';
import { configurationJsonSchema, policyJsonSchema, rulesJsonSchema, testJsonSchema } from './json-schemas.ts';
import { reasonTables } from './life.ts';
import { OUTPUTS } from './outputs.ts';
import { rulesPage } from './rules-page.ts';
import { KINDS } from './wire.ts';

/** Writes every generated file; with `--check`, fails and names those that are stale instead. */

const MARK = '<!-- generated from here on -->\n';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function afterMark(file: string, generated: string): Promise<string> {
  const [written = ''] = (await readFile(file, 'utf8')).split(MARK);
  return `${written}${MARK}\n${generated}`;
}

async function filesOf(): Promise<Record<string, string>> {
  return {
    'policies/schema.json': json(policyJsonSchema()),
    'policies/keyturn.schema.json': json(await configurationJsonSchema(KINDS)),
    'policies/rules.schema.json': json(rulesJsonSchema()),
    'policies/test.schema.json': json(testJsonSchema()),
    'docs/life-of-a-key.md': await afterMark('docs/life-of-a-key.md', reasonTables()),
    'docs/doctor.md': await afterMark('docs/doctor.md', findingTables()),
    'docs/rules.md': await afterMark('docs/rules.md', rulesPage()),
    ...Object.fromEntries(
      Object.entries(OUTPUTS).map(([name, schema]) => [
        `docs/schemas/${name}.json`,
        json(z.toJSONSchema(schema, { io: 'input' })),
      ]),
    ),
  };
}

async function generate(isCheck: boolean): Promise<void> {
  const stale: string[] = [];
  for (const [file, text] of Object.entries(await filesOf())) {
    const written = await readFile(file, 'utf8').catch(() => '');
    if (written === text) continue;
    if (isCheck) stale.push(file);
    else await writeFile(file, text);
  }
  if (stale.length === 0) return;
  process.stderr.write(`stale: ${stale.join(', ')}; run npm run generate\n`);
  process.exitCode = 1;
}

void generate(process.argv.includes('--check'));
