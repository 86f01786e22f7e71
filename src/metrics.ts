import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { KeyId } from './core/policy.ts';
import { factsOf, type KeyFacts, registerKeys } from './key-metrics.ts';
import type { KeyReport } from './tick.ts';
import type { OnRequest } from './timed.ts';
import { VERSION } from './version.ts';

/** What Prometheus is told. Labels hold names from policies and configuration and words of keyturn, never an id of a venue. */
export interface Metrics {
  onRequest: OnRequest;
  /** Replaces what is known of the keys reported on. */
  passFinished(reports: readonly KeyReport[], pass: { at: Date; seconds: number }): void;
  passThrew(): void;
  /** Forgets all other keys. */
  retain(keys: readonly { id: KeyId }[]): void;
  reloaded(isSuccessful: boolean): void;
  /** Prometheus’ text format, version 0.0.4. */
  text(): Promise<string>;
  contentType: string;
}

const SECONDS_OF_REQUESTS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SECONDS_OF_PASSES = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });

  new Gauge({ name: 'keyturn_build_info', help: 'Always 1.', labelNames: ['version', 'node'], registers }).set(
    { version: VERSION, node: process.versions.node },
    1,
  );
  const passes = counter('keyturn_passes_total', 'Passes by how they ended.', ['outcome']);
  const seconds = histogram('keyturn_pass_duration_seconds', 'Time a finished pass took.', [], SECONDS_OF_PASSES);
  const succeeded = gauge(
    'keyturn_last_success_timestamp_seconds',
    'When a pass was last finished; whether keys failed in it is another question.',
  );
  const steps = counter('keyturn_steps_total', 'Steps by action and outcome.', ['action', 'outcome']);
  const verdicts = counter('keyturn_probe_verdicts_total', 'What steps saw when they probed a key.', ['verdict']);
  const requests = (to: 'store' | 'venue') =>
    histogram<string>(
      `keyturn_${to}_request_duration_seconds`,
      `Time a request to a ${to} took.`,
      [to, 'operation', 'outcome'],
      SECONDS_OF_REQUESTS,
    );
  const requestsTo = { store: requests('store'), venue: requests('venue') };
  const keys = new Map<KeyId, KeyFacts>();
  registerKeys(registry, keys);

  return {
    onRequest: ({ to, name, operation, outcome, seconds }) =>
      requestsTo[to].observe({ [to]: name, operation, outcome }, seconds),
    passFinished(reports, pass) {
      passes.inc({ outcome: 'finished' });
      seconds.observe(pass.seconds);
      succeeded.set(pass.at.getTime() / 1000);
      for (const report of reports) keys.set(report.key, factsOf(report));
      for (const { action, outcome, verdict } of reports.flatMap(({ actions }) => actions)) {
        steps.inc({ action, outcome });
        if (verdict) verdicts.inc({ verdict });
      }
    },
    passThrew: () => passes.inc({ outcome: 'failed' }),
    retain(kept) {
      const ids = new Set(kept.map(({ id }) => id));
      for (const id of keys.keys()) if (!ids.has(id)) keys.delete(id);
    },
    reloaded: reloadGauge(registry),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Absent until something was to be reloaded. */
function reloadGauge(registry: Registry): Metrics['reloaded'] {
  let gauge: Gauge | null = null;
  return (isSuccessful) => {
    gauge ??= new Gauge({
      name: 'keyturn_config_last_reload_successful',
      help: 'Whether the last reload took policies and configuration over (1) or kept the old ones (0).',
      registers: [registry],
    });
    gauge.set(isSuccessful ? 1 : 0);
  };
}
