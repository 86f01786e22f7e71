import { createTask } from 'node-cron';
import type { Serve } from './section.ts';

/** What wakes the daemon. */
export interface Alarm {
  /** Milliseconds from now until it has rung that many times more, its jitter included. */
  untilRung(times: number): number;
  /** It rings no more. */
  stop(): void;
}

/** Rings whenever the schedule says so, with at most the jitter of delay; what is rung never rejects. */
export type SetAlarm = (serve: Serve, ring: () => Promise<void>) => Alarm;

const nothing = () => undefined;

/** By node-cron. A wake that a sleeping machine missed is made up for at once: the record tells what there is to do. */
export const setCronAlarm: SetAlarm = ({ schedule, timeZone, jitter }, ring) => {
  const task = createTask(schedule, ring, {
    timezone: timeZone,
    maxRandomDelay: jitter * 1000,
    logger: { info: nothing, warn: nothing, error: nothing, debug: nothing },
  });
  task.on('execution:missed', ring);
  void task.start();
  return {
    untilRung(times) {
      const last = task.getNextRuns(times).at(-1)?.getTime() ?? Date.now();
      return last - Date.now() + jitter * 1000;
    },
    stop: () => void task.destroy(),
  };
};
