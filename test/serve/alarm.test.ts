import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setCronAlarm } from '../../src/serve/alarm.ts';

/** node-cron itself, on time that is turned. */

const serve = { schedule: '*/15 * * * *', timeZone: 'Etc/UTC', jitter: 0, listen: { host: '127.0.0.1', port: 0 } };
const MINUTE = 60_000;

beforeEach(() => vi.useFakeTimers({ now: new Date('2026-06-01T12:01:00Z') }));
afterEach(() => vi.useRealTimers());

function rungAt(changes: Partial<typeof serve> = {}) {
  const rung: string[] = [];
  const alarm = setCronAlarm({ ...serve, ...changes }, async () => {
    rung.push(new Date().toISOString());
  });
  return { rung, alarm };
}

describe('the alarm', () => {
  it('rings when the schedule says so, and no more once it is stopped', async () => {
    const { rung, alarm } = rungAt();
    await vi.advanceTimersByTimeAsync(30 * MINUTE);
    expect(rung).toEqual(['2026-06-01T12:15:00.000Z', '2026-06-01T12:30:00.000Z']);
    alarm.stop();
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(rung).toHaveLength(2);
  });

  it('rings later by at most the jitter, and not at all when it is stopped meanwhile', async () => {
    const { rung, alarm } = rungAt({ jitter: 300 });
    await vi.advanceTimersByTimeAsync(20 * MINUTE);
    expect(rung).toHaveLength(1);
    expect(rung[0] && rung[0] > '2026-06-01T12:15' && rung[0] < '2026-06-01T12:20:01').toBe(true);
    alarm.stop();
  });

  it('means its time zone, through the change of the clocks', async () => {
    vi.setSystemTime(new Date('2026-10-24T00:00:00Z'));
    const { rung, alarm } = rungAt({ schedule: '0 9 * * *', timeZone: 'Europe/London' });
    await vi.advanceTimersByTimeAsync(2 * 24 * 60 * MINUTE);
    expect(rung).toEqual(['2026-10-24T08:00:00.000Z', '2026-10-25T09:00:00.000Z']);
    alarm.stop();
  });

  it('says how long it is until it has rung twice, with its jitter', () => {
    const { alarm } = rungAt({ jitter: 30 });
    expect(alarm.untilRung(2)).toBe(29 * MINUTE + 30_000);
    alarm.stop();
  });

  it('makes up at once for what a sleeping machine missed', async () => {
    const { rung, alarm } = rungAt({ schedule: '0 12 * * *' });
    // The clock goes on while timers do not, as on a machine that sleeps.
    vi.setSystemTime(new Date('2026-06-02T15:00:00Z'));
    await vi.advanceTimersByTimeAsync(24 * 60 * MINUTE);
    expect([...new Set(rung)]).toEqual(['2026-06-03T14:59:00.000Z']);
    alarm.stop();
  });
});
