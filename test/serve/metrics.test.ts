import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/metrics.ts';
import { aWorld, type World } from '../flow/world.ts';
import { describeWith, program } from '../programs/index.ts';
import { aDesk, type Desk } from './desk.ts';

const run = promisify(execFile);

describe('metrics of a key', () => {
  let world: World;
  beforeEach(async () => {
    world = await aWorld();
  });
  afterEach(() => world.close());

  async function samples(): Promise<string[]> {
    const metrics = createMetrics();
    metrics.passFinished([await world.report()], { at: world.now(), seconds: 0.5 });
    const text = await metrics.text();
    return text.split('\n').filter((line) => /^keyturn_(key|steps|probe|last)/.test(line));
  }

  it('follow its life', async () => {
    expect(await samples()).toEqual(
      expect.arrayContaining([
        'keyturn_key_phase{key="desk/spot",phase="registering"} 1',
        'keyturn_steps_total{action="generate",outcome="done"} 1',
      ]),
    );
    const apiKey = await world.registers();
    const born = (await world.record()).generations[0]?.at.registered ?? '';
    const steady = await samples();
    expect(steady).toEqual(
      expect.arrayContaining([
        'keyturn_key_phase{key="desk/spot",phase="steady"} 1',
        'keyturn_key_overdue{key="desk/spot"} 0',
        'keyturn_key_allowlist_unproven{key="desk/spot"} 1',
        'keyturn_probe_verdicts_total{verdict="alive"} 1',
      ]),
    );
    const created = steady.find((line) => line.startsWith('keyturn_key_created_timestamp_seconds'));
    expect(Math.abs(Number(created?.split(' ')[1]) - Date.parse(born) / 1000)).toBeLessThan(60);
    expect(steady.join('\n')).not.toContain(apiKey.slice(0, 8));

    world.forward({ days: 32 });
    await world.report();
    await world.registers();
    await world.report();
    world.forward({ days: 4 });
    expect(await samples()).toEqual(
      expect.arrayContaining(['keyturn_key_debts{key="desk/spot"} 1', 'keyturn_key_overdue{key="desk/spot"} 1']),
    );
  });

  it('are absent where nothing is known, and gone with the key', async () => {
    await world.report();
    const report = await world.report();
    const metrics = createMetrics();
    const hold = { reason: 'record-unreadable', message: 'no answer' } as const;
    const unknown = { ...report, gathered: { ...report.gathered, hold } };
    metrics.passFinished([unknown], { at: world.now(), seconds: 1 });
    const text = await metrics.text();
    expect(text).toContain('keyturn_key_failed{key="desk/spot"} 1');
    expect(text).not.toMatch(/keyturn_key_(due_timestamp_seconds|phase|overdue){/);
    metrics.retain([]);
    expect(await metrics.text()).not.toContain('desk/spot');
  });
});

describe('a textfile', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await aDesk();
  });
  afterEach(() => desk.close());

  it('holds the metrics of one pass, readable for others, with nothing left beside it', async () => {
    const { status } = await desk.run('apply', '--yes', '--metrics-file', 'keyturn.prom');
    expect(status).toBe(0);
    const text = await readFile(join(desk.folder, 'keyturn.prom'), 'utf8');
    expect(text).toMatch(/^keyturn_last_success_timestamp_seconds 1\d{9}/m);
    expect(text).toMatch(
      /^keyturn_store_request_duration_seconds_count{store="local",operation="putMaterial",outcome="ok"} 1$/m,
    );
    expect((await readdir(desk.folder)).filter((name) => name.includes('prom'))).toEqual(['keyturn.prom']);
  });

  it('that cannot be written is said after everything was done', async () => {
    const { status, stdout, stderr } = await desk.run('apply', '--yes', '--metrics-file', 'nowhere/keyturn.prom');
    expect(status).toBe(1);
    expect(stdout).toContain('generate: generation 1 is stored');
    expect(stderr).toMatch(/nowhere\/keyturn\.prom cannot be written \(ENOENT\)/);
  });
});

const page = () => readFile('docs/operations.md', 'utf8');

it('docs/operations.md lists every metric, and no other', async () => {
  const metrics = createMetrics();
  metrics.reloaded(true);
  const there = [...(await metrics.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  const told = [...(await page()).matchAll(/^\| `(keyturn_\w+)[^`]*` \| (\w+) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  expect(told.sort()).toEqual(there.sort());
});

describeWith(['promtool'], 'Prometheus', () => {
  it('finds nothing to say about the metrics', async () => {
    const desk = await aDesk();
    try {
      const daemon = await desk.serve();
      await daemon.line('pass-finished');
      const { text } = await daemon.get('/metrics');
      const check = run(program('promtool'), ['check', 'metrics']);
      check.child.stdin?.end(text);
      expect(await check).toEqual({ stdout: '', stderr: '' });
    } finally {
      await desk.close();
    }
  });

  it('takes the alert rules of the documentation', async () => {
    const desk = await aDesk();
    const [, rules = ''] = /```yaml\n(groups:[\s\S]*?)```/.exec(await page()) ?? [];
    await writeFile(join(desk.folder, 'rules.yaml'), rules);
    const { stdout } = await run(program('promtool'), ['check', 'rules', join(desk.folder, 'rules.yaml')]);
    await desk.close();
    expect(stdout).toContain('SUCCESS: 4 rules found');
  });
});
