import * as z from 'zod';
import { ACTIONS } from './core/decide.ts';
import { EVENTS } from './core/notifications.ts';
import { PERMISSIONS } from './core/policy.ts';
import { EvidenceEntry } from './core/record.ts';
import { SavedPlan } from './plan-file.ts';

/**
 * The published shapes of JSON outputs (`-o json`). Fields may be added, never changed or removed; `docs/schemas` is
 * generated from here, and tests parse real outputs with it.
 */

const Instant = z.iso.datetime({ precision: 3 }).describe('ISO 8601 in UTC');
const KeyId = z.string().describe('account/name');
const GenerationNumber = z.number().int().positive();
const output = <S extends z.core.$ZodLooseShape>(shape: S) => z.looseObject({ formatVersion: z.literal(1), ...shape });

const PlanOutput = output({
  at: Instant,
  keys: z.array(
    z.looseObject({
      key: KeyId,
      action: z.literal(ACTIONS).nullable().describe('null: nothing to do now'),
      reason: z.string().describe('stable code, see docs/life-of-a-key.md'),
      message: z.string(),
      due: Instant.nullable(),
      notBefore: Instant.nullable(),
      generation: GenerationNumber.nullable(),
    }),
  ),
}).meta({ title: 'keyturn plan -o json' });

const Owner = z.string().nullable();

const CalendarOutput = output({
  at: Instant,
  until: Instant,
  events: z.array(
    z.looseObject({
      key: KeyId,
      at: Instant,
      kind: z.literal(['rotation-starts', 'due', 'registration-deadline', 'overlap-ends', 'deletion-deadline']),
      owner: Owner,
      summary: z.string(),
    }),
  ),
  warnings: z.array(
    z.looseObject({
      kind: z.literal(['crowded', 'frozen', 'week-end']),
      owner: Owner,
      day: z.iso.date().describe('in UTC'),
      keys: z.array(KeyId),
      message: z.string(),
    }),
  ),
  suggestions: z
    .array(
      z.looseObject({
        key: KeyId,
        owner: Owner,
        from: Instant,
        to: Instant,
        kind: z
          .literal(['rotate', 'rotate-every'])
          .describe('rotate: keyturn rotate at that time; rotate-every: another interval in the policy'),
        days: z.number().int().optional().describe('the interval to write'),
        message: z.string(),
      }),
    )
    .optional()
    .describe('with --suggest'),
}).meta({ title: 'keyturn plan --horizon -o json' });

const ApplyOutput = output({
  keys: z.array(
    z.looseObject({
      key: KeyId,
      actions: z.array(
        z.looseObject({
          action: z.literal(ACTIONS),
          outcome: z.literal(['done', 'waiting', 'failed']),
          reason: z.string(),
          message: z.string(),
          verdict: z
            .literal(['alive', 'dead', 'inconclusive'])
            .optional()
            .describe('what was seen of the key, where the step probed it'),
        }),
      ),
      error: z.string().nullable().describe('what went wrong and what to do; null when nothing did'),
    }),
  ),
}).meta({ title: 'keyturn apply -o json' });

const GenerationStatus = z
  .looseObject({
    generation: GenerationNumber,
    fingerprint: z.string().nullable(),
    apiKey: z.string().nullable().describe('masked'),
    allowlist: z
      .literal(['proven', 'unproven'])
      .nullable()
      .describe('whether it was seen refused from outside its allowlist'),
    since: Instant,
  })
  .nullable();

const StatusOutput = output({
  keys: z.array(
    z.looseObject({
      key: KeyId,
      phase: z.literal([
        'none',
        'steady',
        'registering',
        'verifying',
        'overlap',
        'revoking',
        'proving',
        'compromised',
        'uncovered',
      ]),
      overdue: z.boolean(),
      due: Instant.nullable(),
      current: GenerationStatus,
      next: GenerationStatus,
      previous: GenerationStatus,
    }),
  ),
}).meta({ title: 'keyturn status -o json' });

const Permissions = z.array(z.literal(PERMISSIONS));

const TasksOutput = output({
  tasks: z.array(
    z.looseObject({
      key: KeyId,
      kind: z.literal(['register', 'delete', 'fix']),
      generation: GenerationNumber,
      publicKey: z.string().describe('SPKI PEM'),
      fingerprint: z.string().describe('SHA-256 of the SPKI DER, lower-case hex'),
      paste: z.string().describe('The public half in the form the venue takes'),
      label: z.string(),
      permissions: z.looseObject({ on: Permissions, off: Permissions }),
      ipAllowlist: z.array(z.string()),
      page: z.string(),
      openedAt: Instant,
      deadline: Instant,
      overdue: z.boolean(),
      owner: z.string().nullable(),
    }),
  ),
}).meta({ title: 'keyturn tasks -o json' });

const VerifyOutput = output({
  keys: z.array(
    z.looseObject({
      key: KeyId,
      probes: z.array(
        z.looseObject({
          role: z.literal(['current', 'next', 'previous']),
          generation: GenerationNumber,
          verdict: z.literal(['alive', 'dead', 'inconclusive']),
          reason: z.string(),
          message: z.string(),
        }),
      ),
    }),
  ),
}).meta({ title: 'keyturn verify -o json' });

const PolicyCheckOutput = output({
  problems: z.array(
    z.looseObject({
      rule: z.string(),
      severity: z.literal(['error', 'warning']),
      file: z.string(),
      line: z.number().int().positive(),
      column: z.number().int().positive(),
      path: z.string(),
      key: KeyId.nullable().describe('the one key it stands at; null: the file, or all of its keys'),
      message: z.string(),
      help: z.string(),
      waived: z.boolean(),
    }),
  ),
}).meta({ title: 'keyturn policy check -o json' });

const PolicyTestOutput = output({
  tests: z.array(
    z.looseObject({
      file: z.string(),
      line: z.number().int().positive(),
      name: z.string(),
      passed: z.boolean(),
      missing: z.array(z.looseObject({ rule: z.string() })).describe('expected, and not found'),
      unexpected: z
        .array(
          z.looseObject({
            rule: z.string(),
            key: KeyId.nullable(),
            severity: z.literal(['error', 'warning']),
            waived: z.boolean(),
            message: z.string(),
          }),
        )
        .describe('found, and not expected'),
    }),
  ),
  problems: PolicyCheckOutput.shape.problems.describe('of the files of rules and tests'),
}).meta({ title: 'keyturn policy test -o json' });

const Effect = z.literal(['relaxed', 'tightened', 'neutral']);
const Seconds = z.number().int();

const PolicyDiffOutput = output({
  at: Instant,
  base: z.string(),
  head: z.string(),
  relaxes: z.boolean().describe('whether anything is less safe than before'),
  count: z.looseObject({ before: z.number().int(), after: z.number().int() }).describe('how many keys there are'),
  keys: z.array(
    z.looseObject({
      key: KeyId,
      formerly: KeyId.nullable().describe('its name before, where that was another'),
      change: z.literal(['added', 'removed', 'renamed', 'changed']),
      verdict: z.literal(['relaxed', 'tightened', 'mixed', 'neutral']),
      changes: z.array(
        z.looseObject({
          field: z.string(),
          effect: Effect,
          message: z.string(),
          gained: z.array(z.string()).optional(),
          lost: z.array(z.string()).optional(),
        }),
      ),
      life: z.looseObject({ before: Seconds.nullable(), after: Seconds.nullable() }).describe('worst-case life'),
      from: z.literal(['record', 'policies']).describe('what its dates are told from'),
      dueLater: Seconds.nullable().describe('by how much it falls due later; negative: earlier'),
      dates: z
        .array(
          z.looseObject({
            what: z.literal(['due', 'rotation-starts', 'registration-deadline', 'overlap-ends', 'deletion-deadline']),
            before: Instant,
            after: Instant,
          }),
        )
        .describe('those that move; none without a record'),
      dueNow: z.boolean().describe('its rotation starts at once because of this change'),
    }),
  ),
  waivers: z.array(
    z.looseObject({
      rule: z.string(),
      key: KeyId,
      effect: Effect,
      message: z.string(),
      before: z.iso.date().nullable().describe('the last day on which it counts'),
      after: z.iso.date().nullable(),
    }),
  ),
  people: z.array(
    z.looseObject({
      owner: z.string().nullable(),
      keys: z.looseObject({ before: z.number().int(), after: z.number().int() }),
      tasks: z.looseObject({ before: z.number(), after: z.number() }).describe('in a quarter of a year'),
    }),
  ),
  errors: z
    .looseObject({ base: z.number().int(), head: z.number().int() })
    .describe('how many errors keyturn policy check has'),
  unread: z.array(z.looseObject({ store: z.string(), message: z.string() })).describe('stores that were not read'),
}).meta({ title: 'keyturn policy diff -o json' });

const DoctorOutput = output({
  findings: z.array(
    z.looseObject({
      code: z.string().describe('stable, see docs/doctor.md'),
      severity: z.literal(['error', 'warning', 'info']),
      subject: z.string().describe('the key, store or venue it is about'),
      message: z.string(),
      next: z.string().describe('what to do about it'),
      fixable: z.boolean().describe('whether keyturn doctor --fix KEY mends it'),
    }),
  ),
  fixed: z
    .array(z.looseObject({ code: z.string(), outcome: z.literal(['done', 'failed']), message: z.string() }))
    .describe('with --fix: what was tried'),
}).meta({ title: 'keyturn doctor -o json' });

const AuditOutput = output({
  keys: z.number().int().describe('how many were looked at'),
  findings: z.array(
    z.looseObject({
      subject: z.string().describe('a key, or an account'),
      code: z.string(),
      severity: z.literal(['error', 'warning']),
      message: z.string(),
      help: z.string(),
    }),
  ),
}).meta({ title: 'keyturn audit -o json' });

const EvidenceOutput = output({
  key: KeyId,
  intact: z.boolean(),
  head: z
    .string()
    .describe('SHA-256 in lower-case hex, over the newest sealed document and the last entry of every live generation'),
  breaks: z.array(
    z.looseObject({ generation: GenerationNumber.nullable(), entry: z.number().int().nullable(), message: z.string() }),
  ),
  generations: z.array(
    z.looseObject({
      generation: GenerationNumber,
      key: KeyId.describe('what the key was called when this generation was made'),
      state: z.literal(['live', 'finished']),
      publicKey: z.string().nullable().describe('SPKI PEM'),
      fingerprint: z.string().nullable(),
      apiKey: z.string().nullable().describe('masked'),
      at: z.record(z.string(), Instant),
      document: z.string().nullable().describe('SHA-256 of the sealed document'),
      entries: z.array(EvidenceEntry),
    }),
  ),
  signature: z
    .looseObject({
      signed: z.string().describe('the characters that were signed: the head'),
      algorithm: z.literal('Ed25519'),
      value: z.string().describe('base64'),
      publicKey: z.string().describe('SPKI PEM'),
    })
    .nullable(),
}).meta({ title: 'keyturn evidence -o json' });

const NotificationOutput = output({
  id: z.string().describe('stays the same when the message is sent again'),
  title: z.string(),
  notifications: z.array(
    z.looseObject({
      id: z.string().describe('the same, of what is told'),
      event: z.literal([...EVENTS, 'test']),
      subject: z.string().describe('what its reminders have in common'),
      step: z.number().int().nonnegative().describe('how far up the ladder of its reminders'),
      key: KeyId,
      account: z.string(),
      application: z.string(),
      venue: z.string(),
      owner: z.string().nullable(),
      generation: GenerationNumber.nullable(),
      at: Instant.describe('since when it is the case'),
      deadline: Instant.nullable(),
      message: z.string(),
      hint: z.string().nullable(),
    }),
  ),
}).meta({ title: 'What webhooks are posted and commands are given' });

export const OUTPUTS = {
  plan: PlanOutput,
  'saved-plan': SavedPlan.meta({ title: 'keyturn plan --out FILE, keyturn plan show FILE -o json' }),
  calendar: CalendarOutput,
  apply: ApplyOutput,
  status: StatusOutput,
  tasks: TasksOutput,
  verify: VerifyOutput,
  'policy-check': PolicyCheckOutput,
  'policy-test': PolicyTestOutput,
  'policy-diff': PolicyDiffOutput,
  doctor: DoctorOutput,
  audit: AuditOutput,
  evidence: EvidenceOutput,
  notification: NotificationOutput,
} as const;
