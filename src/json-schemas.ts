import * as z from 'zod/mini';
import { configurationSchema, type Kinds } from './configuration.ts';
import { PolicyFile } from './core/policy-schema.ts';
import { RulesFile, TestFile } from './custom-rules/schema.ts';

/**
 * JSON Schemas (draft 2020-12) of the files people write, for their editors. What only rules can see (dates in order, known
 * names) is not in them.
 */

export const policyJsonSchema = () => jsonSchema('policy', PolicyFile);
export const configurationJsonSchema = async (kinds: Kinds) =>
  jsonSchema('configuration', await configurationSchema(kinds));
export const rulesJsonSchema = () => jsonSchema('rules', RulesFile);
export const testJsonSchema = () => jsonSchema('policy-tests', TestFile);

function jsonSchema(name: string, schema: z.ZodMiniType): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { $schema, $id: `urn:keyturn:${name}:v1`, ...rest };
}
