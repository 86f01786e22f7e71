import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../../src/metrics.ts';
import { aFolder } from '../cli/keyturn.ts';
import { describeWith, program } from '../programs/index.ts';

/** Alerts and dashboard: Prometheus can read every query, and keyturn has every metric in them. */

const FOLDER = 'k8s/components/monitoring';

interface Group {
  name: string;
  rules: { expr: string; alert?: string; record?: string }[];
}

let alerts: Group[];
let shown: Group;
beforeAll(async () => {
  ({
    spec: { groups: alerts },
  } = parse(await readFile(`${FOLDER}/prometheus-rule.yaml`, 'utf8')) as { spec: { groups: Group[] } });
  const { panels } = JSON.parse(await readFile(`${FOLDER}/dashboard.json`, 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const rules = panels.flatMap(({ targets }) => targets).map(({ expr }, index) => ({ record: `shown:${index}`, expr }));
  shown = { name: 'dashboard', rules };
});

const DAEMON = 'keyturn_last_success_timestamp_seconds';
const CRON_JOB = 'kube_cronjob_status_last_successful_time{namespace="keyturn", cronjob="keyturn"}';

describeWith(['promtool'], 'Prometheus', () => {
  let folder: string;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ folder, close } = await aFolder({ 'rules.yaml': stringify({ groups: [...alerts, shown] }) }));
  });
  afterAll(() => close());

  const promtool = (...args: string[]) => promisify(execFile)(program('promtool'), args, { cwd: folder });

  it('can read every query', async () => {
    expect((await promtool('check', 'rules', 'rules.yaml')).stdout).toMatch(/SUCCESS/);
  });

  // Values of every minute: `0+0x60` is an hour in which nothing was finished since 1970, `0+60x60` one with a pass each minute.
  it.each([
    ['nothing is known of keyturn', [], true],
    ['the CronJob finishes', [[CRON_JOB, '0+60x60']], false],
    ['the CronJob does not finish', [[CRON_JOB, '0+0x60']], true],
    [
      'one of two daemons finishes',
      [
        [`${DAEMON}{pod="a"}`, '0+0x60'],
        [`${DAEMON}{pod="b"}`, '0+60x60'],
      ],
      false,
    ],
    [
      'both daemons hang',
      [
        [`${DAEMON}{pod="a"}`, '0+0x60'],
        [`${DAEMON}{pod="b"}`, '0+0x60'],
      ],
      true,
    ],
  ] as [string, [string, string][], boolean][])('where %s', async (_, input, fires) => {
    const alert = alerts[0]?.rules[0] as unknown as { alert: string; labels: object; annotations: object };
    const exp_alerts = fires ? [{ exp_labels: alert.labels, exp_annotations: alert.annotations }] : [];
    const test = {
      interval: '1m',
      input_series: input.map(([series, values]) => ({ series, values })),
      alert_rule_test: [{ eval_time: '50m', alertname: 'KeyturnDoesNotRun', exp_alerts }],
    };
    await writeFile(join(folder, 'test.yaml'), stringify({ rule_files: ['rules.yaml'], tests: [test] }));
    expect((await promtool('test', 'rules', 'test.yaml')).stdout).toMatch(/SUCCESS/);
  });
});

it('every metric is one of keyturn', async () => {
  const known = [...(await createMetrics().text()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  const asked = [...alerts, shown].flatMap(({ rules }) =>
    rules.flatMap(({ expr }) => [...expr.matchAll(/\bkeyturn_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))),
  );
  expect(asked.length).toBeGreaterThan(10);
  expect(known).toEqual(expect.arrayContaining(asked));
});
