import * as z from 'zod/mini';
import { about } from '../core/about.ts';
import { Instant, KeyId, output } from './parts.ts';

/** What the commands that review policies print. */

export const PolicyCheckOutput = about(
  output({
    problems: z.array(
      z.looseObject({
        rule: z.string(),
        severity: z.literal(['error', 'warning']),
        file: z.string(),
        line: z.int().check(z.positive()),
        column: z.int().check(z.positive()),
        path: z.string(),
        key: about(z.nullable(KeyId), 'the one key it stands at; null: the file, or all of its keys'),
        message: z.string(),
        help: z.string(),
        waived: z.boolean(),
      }),
    ),
  }),
  { title: 'keyturn policy check -o json' },
);

export const PolicyTestOutput = about(
  output({
    tests: z.array(
      z.looseObject({
        file: z.string(),
        line: z.int().check(z.positive()),
        name: z.string(),
        passed: z.boolean(),
        missing: about(z.array(z.looseObject({ rule: z.string() })), 'expected, and not found'),
        unexpected: about(
          z.array(
            z.looseObject({
              rule: z.string(),
              key: z.nullable(KeyId),
              severity: z.literal(['error', 'warning']),
              waived: z.boolean(),
              message: z.string(),
            }),
          ),
          'found, and not expected',
        ),
      }),
    ),
    problems: about(PolicyCheckOutput.shape.problems, 'of the files of rules and tests'),
  }),
  { title: 'keyturn policy test -o json' },
);

const Effect = z.literal(['relaxed', 'tightened', 'neutral']);
const Seconds = z.int();

export const PolicyDiffOutput = about(
  output({
    at: Instant,
    base: z.string(),
    head: z.string(),
    relaxes: about(z.boolean(), 'whether anything is less safe than before'),
    count: about(z.looseObject({ before: z.int(), after: z.int() }), 'how many keys there are'),
    keys: z.array(
      z.looseObject({
        key: KeyId,
        formerly: about(z.nullable(KeyId), 'its name before, where that was another'),
        change: z.literal(['added', 'removed', 'renamed', 'changed']),
        verdict: z.literal(['relaxed', 'tightened', 'mixed', 'neutral']),
        changes: z.array(
          z.looseObject({
            field: z.string(),
            effect: Effect,
            message: z.string(),
            gained: z.optional(z.array(z.string())),
            lost: z.optional(z.array(z.string())),
          }),
        ),
        life: about(z.looseObject({ before: z.nullable(Seconds), after: z.nullable(Seconds) }), 'worst-case life'),
        from: about(z.literal(['record', 'policies']), 'what its dates are told from'),
        dueLater: about(z.nullable(Seconds), 'by how much it falls due later; negative: earlier'),
        dates: about(
          z.array(
            z.looseObject({
              what: z.literal(['due', 'rotation-starts', 'registration-deadline', 'overlap-ends', 'deletion-deadline']),
              before: Instant,
              after: Instant,
            }),
          ),
          'those that move; none without a record',
        ),
        dueNow: about(z.boolean(), 'its rotation starts at once because of this change'),
      }),
    ),
    waivers: z.array(
      z.looseObject({
        rule: z.string(),
        key: KeyId,
        effect: Effect,
        message: z.string(),
        before: about(z.nullable(z.iso.date()), 'the last day on which it counts'),
        after: z.nullable(z.iso.date()),
      }),
    ),
    people: z.array(
      z.looseObject({
        owner: z.nullable(z.string()),
        keys: z.looseObject({ before: z.int(), after: z.int() }),
        tasks: about(z.looseObject({ before: z.number(), after: z.number() }), 'in a quarter of a year'),
      }),
    ),
    errors: about(z.looseObject({ base: z.int(), head: z.int() }), 'how many errors keyturn policy check has'),
    unread: about(z.array(z.looseObject({ store: z.string(), message: z.string() })), 'stores that were not read'),
  }),
  { title: 'keyturn policy diff -o json' },
);
