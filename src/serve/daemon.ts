import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { urgentKeys } from '../commands/saved-plan.ts';
import { storesOf } from '../core/policy.ts';
import { isKeyturnError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type RunIo, run } from '../run.ts';
import type { Workspace } from '../workspace.ts';
import type { Alarm, SetAlarm } from './alarm.ts';

/** One pass after the other and never two at once, over policies and configuration that can be read anew in between. */
export interface Daemon {
  /** Makes a first pass at once, and one whenever the alarm rings. */
  start(): void;
  /** Reads policies and configuration anew, and keeps the old ones when the new ones are invalid. */
  reload(): Promise<void>;
  /** Why it should not be relied upon; empty when it may. */
  complaints(): Promise<string[]>;
  /** Resolves when the step in hand is finished. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  io: RunIo;
  log: Logger;
  metrics: Metrics;
  setAlarm: SetAlarm;
  /** Reads policies and configuration; throws when they are invalid. */
  open: () => Promise<Workspace>;
}

export function createDaemon(opened: Workspace, { io, log, metrics, setAlarm, open }: DaemonOptions): Daemon {
  const { signal } = io;
  let workspace = opened;
  let running: Promise<void> | null = null;
  let finished: { at: Date; staleAfter: Date } | null = null;
  let alarm: Alarm | null = null;
  let reading: Promise<Workspace | null> = Promise.resolve(null);

  function sleep(): void {
    alarm?.stop();
    alarm = setAlarm(workspace.configuration.serve, pass);
  }

  /** Resolves when the pass has ended, however it did. */
  function pass(): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (running) log.warn({ event: 'pass-skipped' }, 'the pass before is still running');
    running ??= onePass(workspace).finally(() => {
      running = null;
    });
    return running;
  }

  async function onePass(here: Workspace): Promise<void> {
    const id = randomUUID();
    try {
      await run(here, io, {
        id,
        async choose(looked) {
          if (!here.configuration.requireApproved) return {};
          const urgent = urgentKeys(looked);
          return { mayAct: ({ key }) => urgent.has(key) };
        },
        onPass(reports, seconds) {
          metrics.retain(here.keys);
          metrics.passFinished(reports, { at: here.clock.now(), seconds });
        },
      });
      const at = here.clock.now();
      finished = { at, staleAfter: new Date(at.getTime() + (alarm?.untilRung(2) ?? 0)) };
    } catch (error) {
      metrics.passThrew();
      const what = isKeyturnError(error) ? error.message : 'this is a bug in keyturn, please report it';
      log.error({ event: 'pass-failed', run: id, err: error }, what);
    }
  }

  /** What was replaced; null where everything stays as it was. */
  async function readAnew(): Promise<Workspace | null> {
    try {
      const next = await open();
      if (signal.aborted) return null;
      metrics.reloaded(true);
      log.info({ event: 'reloaded', keys: next.keys.length }, 'policies and configuration were read anew');
      const last = workspace;
      workspace = next;
      // A new alarm would forget that the one before has rung, and only its jitter is to pass.
      if (!isDeepStrictEqual(next.configuration.serve, last.configuration.serve)) sleep();
      return last;
    } catch (error) {
      metrics.reloaded(false);
      log.error({ event: 'reload-refused', err: error }, 'policies and configuration stay as they were');
      return null;
    }
  }

  return {
    start() {
      sleep();
      void pass();
    },
    async reload() {
      // One after the other, so that what was read last counts.
      reading = reading.then(readAnew);
      const last = await reading;
      // What the running pass may still be using is closed behind it.
      await running;
      await last?.ports.close();
    },
    async complaints() {
      return [...lateness(finished, workspace.clock.now()), ...(await silentStores(workspace))];
    },
    async stop() {
      alarm?.stop();
      await running;
    },
  };
}

function lateness(finished: { at: Date; staleAfter: Date } | null, now: Date): string[] {
  if (finished === null) return ['no pass is finished yet'];
  return now > finished.staleAfter ? [`no pass was finished since ${finished.at.toISOString()}`] : [];
}

/** Stores of the policies that do not answer. */
async function silentStores({ keys, ports }: Workspace): Promise<string[]> {
  const names = [...new Set(keys.flatMap(storesOf))];
  const complaints = names.map((name) =>
    ports
      .store(name)
      .then((store) => store.check('records'))
      .then(
        () => [],
        (error: unknown) => [`store ${name}: ${isKeyturnError(error) ? error.code : 'failed'}`],
      ),
  );
  return (await Promise.all(complaints)).flat();
}
