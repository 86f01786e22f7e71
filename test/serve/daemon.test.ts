import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createDaemon, type Daemon } from '../../src/serve/daemon.ts';
import type { Workspace } from '../../src/workspace.ts';
import { aWorld, type World } from '../flow/world.ts';

/** The loop around the pass, with an alarm that is rung by hand and a clock that is turned. */

const INTERVAL = 900_000;

let world: World;
let end: AbortController;
let events: string[];
let ring: () => Promise<void>;
/** The schedule of each alarm that was set. */
let schedules: string[];

beforeEach(async () => {
  world = await aWorld();
  end = new AbortController();
  events = [];
  schedules = [];
});
afterEach(() => world.close());

function aDaemon(
  workspace: Workspace = world.workspace,
  open = async () => world.workspace,
): {
  daemon: Daemon;
  metrics: ReturnType<typeof createMetrics>;
} {
  const write = (line: string) => events.push(JSON.parse(line).event) > 0;
  const log = createLogger({ level: 'info', stream: { write }, paint: null });
  const io = { log: async () => log, signal: end.signal, terminal: { progress: () => undefined } };
  const metrics = createMetrics();
  const daemon = createDaemon(workspace, {
    io,
    log,
    metrics,
    open,
    setAlarm: ({ schedule }, wake) => {
      schedules.push(schedule);
      ring = wake;
      return { untilRung: (times) => times * INTERVAL, stop: () => undefined };
    },
  });
  return { daemon, metrics };
}

it('never makes two passes at once', async () => {
  const { daemon } = aDaemon();
  daemon.start();
  await Promise.all([ring(), ring()]);
  expect(events.filter((event) => event !== 'step')).toEqual(['pass-skipped', 'pass-skipped', 'pass-finished']);
  await ring();
  expect(events.filter((event) => event === 'pass-finished')).toHaveLength(2);
});

it('where plans must be approved acts on nothing, and tells of everything all the same', async () => {
  const configuration = { ...world.workspace.configuration, requireApproved: true };
  await world.apply();
  world.forward({ days: 5 });
  const { daemon, metrics } = aDaemon({ ...world.workspace, configuration });
  daemon.start();
  await ring();
  expect(events).not.toContain('step');
  expect(await metrics.text()).toContain('keyturn_key_overdue{key="desk/spot"} 1');
});

it('is ready from its first pass on, and no more when two intervals went by without another', async () => {
  const { daemon } = aDaemon();
  expect(await daemon.complaints()).toEqual(['no pass is finished yet']);
  daemon.start();
  await ring();
  expect(await daemon.complaints()).toEqual([]);
  world.forward({ minutes: 31 });
  expect(await daemon.complaints()).toEqual([expect.stringMatching(/^no pass was finished since 2026-06-01T12:00/)]);
  await ring();
  expect(await daemon.complaints()).toEqual([]);
});

it('lives on after a pass that threw, whatever it threw', async () => {
  const { sources } = world.workspace.ports;
  const broken = { ...sources, reader: () => Promise.reject(new TypeError('x is not a function')) };
  const { daemon, metrics } = aDaemon({ ...world.workspace, ports: { ...world.workspace.ports, sources: broken } });
  daemon.start();
  await ring();
  expect(events).toEqual(['pass-skipped', 'pass-failed']);
  expect(await daemon.complaints()).toEqual(['no pass is finished yet']);
  await daemon.reload();
  await ring();
  expect(events.slice(2)).toEqual(['reloaded', 'step', 'step', 'pass-finished']);
  expect(await metrics.text()).toMatch(/keyturn_passes_total{outcome="failed"} 1\n.*outcome="finished"} 1/);
});

it('reads anew once after the other, however soon it is asked again: what was read last counts', async () => {
  const nothing = { ...world.workspace, keys: [] };
  const editions = [
    async () => {
      await sleep(50);
      return nothing;
    },
    async () => world.workspace,
  ];
  const { daemon } = aDaemon(nothing, () => editions.shift()?.() ?? expect.unreachable());
  daemon.start();
  await ring();
  await Promise.all([daemon.reload(), daemon.reload()]);
  await ring();
  expect(events).toContain('step');
});

it('keeps its alarm at a reload, which could be about to ring, unless another one is wanted', async () => {
  const { configuration } = world.workspace;
  const nightly = { ...configuration, serve: { ...configuration.serve, schedule: '0 3 * * *' } };
  const editions = [{ ...configuration }, nightly].map((each) => ({ ...world.workspace, configuration: each }));
  const { daemon } = aDaemon(world.workspace, async () => editions.shift() ?? expect.unreachable());
  daemon.start();
  await ring();
  await daemon.reload();
  await daemon.reload();
  expect(schedules).toEqual([configuration.serve.schedule, '0 3 * * *']);
});

it('begins nothing once it is told to stop, not even by a reload that comes too late', async () => {
  const { daemon } = aDaemon();
  daemon.start();
  await ring();
  end.abort();
  await daemon.reload();
  await ring();
  await daemon.stop();
  expect(events.filter((event) => event === 'pass-finished' || event === 'reloaded')).toEqual(['pass-finished']);
});
