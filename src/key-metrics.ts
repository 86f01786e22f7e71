import { Gauge, type Registry } from 'prom-client';
import { bornAt } from './core/due.ts';
import type { KeyId } from './core/policy.ts';
import { isClosed, rolesOf } from './core/record.ts';
import { phaseOf, statusOf } from './core/status.ts';
import { hasFailed } from './run.ts';
import type { KeyReport } from './tick.ts';

/** What is kept of a key between passes. What is not known of it is absent rather than zero. */
export interface KeyFacts {
  due?: number;
  created?: number;
  phase?: string;
  overdue?: number;
  debts?: number;
  allowlistUnproven?: number;
  failed: number;
}

export function factsOf(report: KeyReport): KeyFacts {
  const { key, record, capabilities, now, hold } = report.gathered;
  const failed = Number(hasFailed(report));
  if (hold) return { failed };
  const { due, overdue } = statusOf(key, record, capabilities, now);
  const current = record && rolesOf(record).current;
  return {
    ...(due && { due: due.getTime() / 1000 }),
    ...(current && { created: bornAt(current).getTime() / 1000 }),
    phase: phaseOf(record),
    overdue: Number(overdue),
    debts: record ? rolesOf(record).previous.filter((each) => !isClosed(each)).length : 0,
    allowlistUnproven: Number(current?.allowlist === 'unproven'),
    failed,
  };
}

/** Reads `keys` whenever metrics are asked for. */
export function registerKeys(registry: Registry, keys: ReadonlyMap<KeyId, KeyFacts>): void {
  const perKey = (name: string, help: string, read: (facts: KeyFacts) => number | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: ['key'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [key, facts] of keys) {
          const value = read(facts);
          if (value !== undefined) this.set({ key }, value);
        }
      },
    });
  perKey('keyturn_key_due_timestamp_seconds', 'Until when the key is to be replaced.', ({ due }) => due);
  perKey('keyturn_key_created_timestamp_seconds', 'Since when the current generation exists.', (key) => key.created);
  perKey('keyturn_key_overdue', 'Whether the key or a task about it is overdue.', ({ overdue }) => overdue);
  perKey('keyturn_key_debts', 'Previous generations that are not proven dead.', ({ debts }) => debts);
  perKey(
    'keyturn_key_allowlist_unproven',
    'Whether the current generation was never seen refused from outside its allowlist.',
    ({ allowlistUnproven }) => allowlistUnproven,
  );
  perKey('keyturn_key_failed', 'Whether the last pass met an error at the key.', ({ failed }) => failed);
  new Gauge({
    name: 'keyturn_key_phase',
    help: 'Always 1, with the phase the key is in.',
    labelNames: ['key', 'phase'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, { phase }] of keys) if (phase) this.set({ key, phase }, 1);
    },
  });
}
