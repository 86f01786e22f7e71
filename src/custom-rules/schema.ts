import * as z from 'zod';
import { Text } from '../core/policy-schema.ts';
import type { CustomRuleId } from '../core/rules.ts';

/** Files of rules (`*.rules.yaml`) and of what they are expected to find (`*.test.yaml`), as people write them. */

const apiVersion = z.literal('keyturn/v1').meta({ description: 'Version of this format', examples: ['keyturn/v1'] });
const $schema = z.string().describe('For editors of JSON files').optional();
const severity = z.enum(['error', 'warning']);

const isCustomId = (id: string): id is CustomRuleId => /^custom\/[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/.test(id);

/** Long enough for any rule that people can still read. */
const MOST_LETTERS = 1_000;

const Rule = z
  .strictObject({
    id: z
      .string()
      .refine(isCustomId, { error: 'must be custom/ and a name of lower-case letters, digits and dashes' })
      .meta({ description: 'What waivers and reports call it', examples: ['custom/short-lived-traders'] }),
    severity: severity.default('error').meta({ description: 'Whether what it finds is an error or a warning' }),
    expression: z
      .string()
      .max(MOST_LETTERS)
      .meta({
        description: 'What must be true of every key, in CEL; see docs/custom-rules.md',
        examples: ['key.owner != ""'],
      }),
    message: Text.meta({
      description: 'What is wrong where it is not',
      examples: ['trading keys are replaced every 45 days or more often'],
    }),
    help: Text.meta({ description: 'What to write instead', examples: ['write rotateEvery: 45d or less'] }).optional(),
  })
  .meta({ id: 'Rule', description: 'One demand on every key' });
export type Rule = z.output<typeof Rule>;

export const RulesFile = z
  .strictObject({
    $schema,
    apiVersion,
    rules: z.array(Rule).min(1).max(100).describe('Rules beside the built-in ones'),
  })
  .meta({ title: 'keyturn rules', description: 'Demands on keys beside the built-in rules' });

const Expectation = z
  .strictObject({
    rule: Text.meta({ description: 'Id of the rule that finds it', examples: ['custom/short-lived-traders'] }),
    key: Text.meta({ description: 'The key it is about; left out, any or none', examples: ['desk/spot'] }).optional(),
    severity: severity.optional().describe('Left out, either'),
    waived: z.boolean().default(false).describe('Whether a waiver silences it'),
  })
  .meta({ id: 'Expectation', description: 'One thing that is found' });
export type Expectation = z.output<typeof Expectation>;

const Test = z
  .strictObject({
    name: Text.meta({ description: 'What is tested', examples: ['a trading key of 60 days is too old'] }),
    policy: z.looseObject({}).optional().describe('A policy, written out; this or path'),
    path: z
      .string()
      .min(1)
      .meta({ description: 'A policy file or a folder of them, from here; this or policy', examples: ['desk.yaml'] })
      .optional(),
    today: z.iso
      .date({ error: 'must be a day of the calendar, written YYYY-MM-DD' })
      .meta({ description: 'The day on which rules look; left out, today', examples: ['2026-06-01'] })
      .optional(),
    expect: z.array(Expectation).describe('Everything that is found, in any order; [] for nothing'),
  })
  .refine(({ policy, path }) => (policy === undefined) !== (path === undefined), {
    path: ['policy'],
    error: 'must be there where path is not, and not beside it',
  })
  .meta({ id: 'Test' });
export type Test = z.output<typeof Test>;

export const TestFile = z
  .strictObject({ $schema, apiVersion, tests: z.array(Test).min(1).describe('What is expected of rules') })
  .meta({ title: 'keyturn policy tests', description: 'Policies, and everything that rules find in them' });

const jsonSchema = (name: string, schema: z.ZodType): Record<string, unknown> => {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { $schema, $id: `urn:keyturn:${name}:v1`, ...rest };
};

/** Draft 2020-12, for editors. */
export const rulesJsonSchema = () => jsonSchema('rules', RulesFile);
export const testJsonSchema = () => jsonSchema('policy-tests', TestFile);
