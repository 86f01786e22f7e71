import * as z from 'zod/mini';
import { about } from './core/about.ts';
import { ACTIONS } from './core/decide.ts';
import { EVENTS } from './core/notifications.ts';
import { PERMISSIONS } from './core/policy.ts';
import { EvidenceEntry } from './core/record.ts';
import { GenerationNumber, Instant, KeyId, Owner, output } from './outputs/parts.ts';
import { PolicyCheckOutput, PolicyDiffOutput, PolicyTestOutput } from './outputs/policies.ts';
import { SavedPlan } from './plan-file.ts';

/**
 * The published shapes of JSON outputs (`-o json`). Fields may be added, never changed or removed; `docs/schemas` is
 * generated from here, and tests parse real outputs with it.
 */

const PlanOutput = about(
  output({
    at: Instant,
    keys: z.array(
      z.looseObject({
        key: KeyId,
        action: about(z.nullable(z.literal(ACTIONS)), 'null: nothing to do now'),
        reason: about(z.string(), 'stable code, see docs/life-of-a-key.md'),
        message: z.string(),
        due: z.nullable(Instant),
        notBefore: z.nullable(Instant),
        generation: z.nullable(GenerationNumber),
      }),
    ),
  }),
  { title: 'keyturn plan -o json' },
);

const CalendarOutput = about(
  output({
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
        day: about(z.iso.date(), 'in UTC'),
        keys: z.array(KeyId),
        message: z.string(),
      }),
    ),
    suggestions: about(
      z.optional(
        z.array(
          z.looseObject({
            key: KeyId,
            owner: Owner,
            from: Instant,
            to: Instant,
            kind: about(
              z.literal(['rotate', 'rotate-every']),
              'rotate: keyturn rotate at that time; rotate-every: another interval in the policy',
            ),
            days: about(z.optional(z.int()), 'the interval to write'),
            message: z.string(),
          }),
        ),
      ),
      'with --suggest',
    ),
  }),
  { title: 'keyturn plan --horizon -o json' },
);

const ApplyOutput = about(
  output({
    keys: z.array(
      z.looseObject({
        key: KeyId,
        actions: z.array(
          z.looseObject({
            action: z.literal(ACTIONS),
            outcome: z.literal(['done', 'waiting', 'failed']),
            reason: z.string(),
            message: z.string(),
            verdict: about(
              z.optional(z.literal(['alive', 'dead', 'inconclusive'])),
              'what was seen of the key, where the step probed it',
            ),
          }),
        ),
        error: about(z.nullable(z.string()), 'what went wrong and what to do; null when nothing did'),
      }),
    ),
  }),
  { title: 'keyturn apply -o json' },
);

const GenerationStatus = z.nullable(
  z.looseObject({
    generation: GenerationNumber,
    fingerprint: z.nullable(z.string()),
    apiKey: about(z.nullable(z.string()), 'masked'),
    allowlist: about(
      z.nullable(z.literal(['proven', 'unproven'])),
      'whether it was seen refused from outside its allowlist',
    ),
    since: Instant,
  }),
);

const StatusOutput = about(
  output({
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
        due: z.nullable(Instant),
        current: GenerationStatus,
        next: GenerationStatus,
        previous: GenerationStatus,
      }),
    ),
  }),
  { title: 'keyturn status -o json' },
);

const Permissions = z.array(z.literal(PERMISSIONS));

const TasksOutput = about(
  output({
    tasks: z.array(
      z.looseObject({
        key: KeyId,
        kind: z.literal(['register', 'delete', 'fix']),
        generation: GenerationNumber,
        publicKey: about(z.string(), 'SPKI PEM'),
        fingerprint: about(z.string(), 'SHA-256 of the SPKI DER, lower-case hex'),
        paste: about(z.string(), 'The public half in the form the venue takes'),
        label: z.string(),
        permissions: z.looseObject({ on: Permissions, off: Permissions }),
        ipAllowlist: z.array(z.string()),
        page: z.string(),
        openedAt: Instant,
        deadline: Instant,
        overdue: z.boolean(),
        owner: z.nullable(z.string()),
      }),
    ),
  }),
  { title: 'keyturn tasks -o json' },
);

const VerifyOutput = about(
  output({
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
  }),
  { title: 'keyturn verify -o json' },
);

const DoctorOutput = about(
  output({
    findings: z.array(
      z.looseObject({
        code: about(z.string(), 'stable, see docs/doctor.md'),
        severity: z.literal(['error', 'warning', 'info']),
        subject: about(z.string(), 'the key, store or venue it is about'),
        message: z.string(),
        next: about(z.string(), 'what to do about it'),
        fixable: about(z.boolean(), 'whether keyturn doctor --fix KEY mends it'),
      }),
    ),
    fixed: about(
      z.array(z.looseObject({ code: z.string(), outcome: z.literal(['done', 'failed']), message: z.string() })),
      'with --fix: what was tried',
    ),
  }),
  { title: 'keyturn doctor -o json' },
);

const AuditOutput = about(
  output({
    keys: about(z.int(), 'how many were looked at'),
    findings: z.array(
      z.looseObject({
        subject: about(z.string(), 'a key, or an account'),
        code: z.string(),
        severity: z.literal(['error', 'warning']),
        message: z.string(),
        help: z.string(),
      }),
    ),
  }),
  { title: 'keyturn audit -o json' },
);

const EvidenceOutput = about(
  output({
    key: KeyId,
    intact: z.boolean(),
    head: about(
      z.string(),
      'SHA-256 in lower-case hex, over the newest sealed document and the last entry of every live generation',
    ),
    breaks: z.array(
      z.looseObject({ generation: z.nullable(GenerationNumber), entry: z.nullable(z.int()), message: z.string() }),
    ),
    generations: z.array(
      z.looseObject({
        generation: GenerationNumber,
        key: about(KeyId, 'what the key was called when this generation was made'),
        state: z.literal(['live', 'finished']),
        publicKey: about(z.nullable(z.string()), 'SPKI PEM'),
        fingerprint: z.nullable(z.string()),
        apiKey: about(z.nullable(z.string()), 'masked'),
        at: z.record(z.string(), Instant),
        document: about(z.nullable(z.string()), 'SHA-256 of the sealed document'),
        entries: z.array(EvidenceEntry),
      }),
    ),
    signature: z.nullable(
      z.looseObject({
        signed: about(z.string(), 'the characters that were signed: the head'),
        algorithm: z.literal('Ed25519'),
        value: about(z.string(), 'base64'),
        publicKey: about(z.string(), 'SPKI PEM'),
      }),
    ),
  }),
  { title: 'keyturn evidence -o json' },
);

const NotificationOutput = about(
  output({
    id: about(z.string(), 'stays the same when the message is sent again'),
    title: z.string(),
    notifications: z.array(
      z.looseObject({
        id: about(z.string(), 'the same, of what is told'),
        event: z.literal([...EVENTS, 'test']),
        subject: about(z.string(), 'what its reminders have in common'),
        step: about(z.int().check(z.nonnegative()), 'how far up the ladder of its reminders'),
        key: KeyId,
        account: z.string(),
        application: z.string(),
        venue: z.string(),
        owner: z.nullable(z.string()),
        generation: z.nullable(GenerationNumber),
        at: about(Instant, 'since when it is the case'),
        deadline: z.nullable(Instant),
        message: z.string(),
        hint: z.nullable(z.string()),
      }),
    ),
  }),
  { title: 'What webhooks are posted and commands are given' },
);

export const OUTPUTS = {
  plan: PlanOutput,
  'saved-plan': about(SavedPlan, { title: 'keyturn plan --out FILE, keyturn plan show FILE -o json' }),
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
