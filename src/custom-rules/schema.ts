import * as z from 'zod/mini';
import { about } from '../core/about.ts';
import { Text } from '../core/policy-schema.ts';
import type { CustomRuleId } from '../core/rules.ts';

/** Files of rules (`*.rules.yaml`) and of what they are expected to find (`*.test.yaml`), as people write them. */

const apiVersion = about(z.literal('keyturn/v1'), { description: 'Version of this format', examples: ['keyturn/v1'] });
const $schema = z.optional(about(z.string(), 'For editors of JSON files'));
const severity = z.enum(['error', 'warning']);

const CUSTOM_ID = /^custom\/[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/;

/** Long enough for any rule that people can still read. */
const MOST_LETTERS = 1_000;

const Rule = about(
  z.strictObject({
    id: about(
      z.pipe(
        z
          .string()
          .check(z.regex(CUSTOM_ID, { error: 'must be custom/ and a name of lower-case letters, digits and dashes' })),
        z.transform((id) => id as CustomRuleId),
      ),
      { description: 'What waivers and reports call it', examples: ['custom/short-lived-traders'] },
    ),
    severity: about(z._default(severity, 'error'), 'Whether what it finds is an error or a warning'),
    expression: about(z.string().check(z.maxLength(MOST_LETTERS)), {
      description: 'What must be true of every key, in CEL; see docs/custom-rules.md',
      examples: ['key.owner != ""'],
    }),
    message: about(Text, {
      description: 'What is wrong where it is not',
      examples: ['trading keys are replaced every 45 days or more often'],
    }),
    help: z.optional(
      about(Text, { description: 'What to write instead', examples: ['write rotateEvery: 45d or less'] }),
    ),
  }),
  { id: 'Rule', description: 'One demand on every key' },
);
export type Rule = z.output<typeof Rule>;

export const RulesFile = about(
  z.strictObject({
    $schema,
    apiVersion,
    rules: about(z.array(Rule).check(z.minLength(1), z.maxLength(100)), 'Rules beside the built-in ones'),
  }),
  { title: 'keyturn rules', description: 'Demands on keys beside the built-in rules' },
);

const Expectation = about(
  z.strictObject({
    rule: about(Text, { description: 'Id of the rule that finds it', examples: ['custom/short-lived-traders'] }),
    key: z.optional(
      about(Text, { description: 'The key it is about; left out, any or none', examples: ['desk/spot'] }),
    ),
    severity: about(z.optional(severity), 'Left out, either'),
    waived: about(z._default(z.boolean(), false), 'Whether a waiver silences it'),
  }),
  { id: 'Expectation', description: 'One thing that is found' },
);
export type Expectation = z.output<typeof Expectation>;

const Test = about(
  z
    .strictObject({
      name: about(Text, { description: 'What is tested', examples: ['a trading key of 60 days is too old'] }),
      policy: about(z.optional(z.looseObject({})), 'A policy, written out; this or path'),
      path: z.optional(
        about(z.string().check(z.minLength(1)), {
          description: 'A policy file or a folder of them, from here; this or policy',
          examples: ['desk.yaml'],
        }),
      ),
      today: z.optional(
        about(z.iso.date({ error: 'must be a day of the calendar, written YYYY-MM-DD' }), {
          description: 'The day on which rules look; left out, today',
          examples: ['2026-06-01'],
        }),
      ),
      expect: about(z.array(Expectation), 'Everything that is found, in any order; [] for nothing'),
    })
    .check(
      z.refine(({ policy, path }) => (policy === undefined) !== (path === undefined), {
        path: ['policy'],
        error: 'must be there where path is not, and not beside it',
      }),
    ),
  { id: 'Test' },
);
export type Test = z.output<typeof Test>;

export const TestFile = about(
  z.strictObject({
    $schema,
    apiVersion,
    tests: about(z.array(Test).check(z.minLength(1)), 'What is expected of rules'),
  }),
  { title: 'keyturn policy tests', description: 'Policies, and everything that rules find in them' },
);
