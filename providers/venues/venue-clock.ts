import type { Clock } from '../../src/ports/clock.ts';
import type { Conditions } from '../../src/ports/venue.ts';
import { type Reading, troubleFrom } from './reading.ts';

/** A venue’s clock, by which its requests are stamped. */
export interface VenueClock {
  compare(): Promise<Conditions>;
  /** The venue’s time, as far as it is known: where comparing fails, our own clock has to do. */
  now(): Promise<Date>;
  /** One of the clocks was set since they were compared: compare again before the next request. */
  distrust(): void;
}

/** `ask` reads the venue’s time in milliseconds. It is taken to have been read half-way between request and answer. */
export function venueClock(clock: Clock, ask: () => Promise<Reading<number>>): VenueClock {
  let clockOffsetMs = 0;
  /** The last comparison, which all requests wait for that come meanwhile; null: to be made before the next one. */
  let comparison: Promise<Conditions> | null = null;

  async function read(): Promise<Conditions> {
    const before = clock.now().getTime();
    const time = await ask();
    const after = clock.now().getTime();
    if (time.body === null) return troubleFrom(time);
    clockOffsetMs = Math.round(time.body - (before + after) / 2);
    return { state: 'normal', clockOffsetMs };
  }

  return {
    compare() {
      comparison = read();
      return comparison;
    },
    async now() {
      comparison ??= read();
      await comparison;
      return new Date(clock.now().getTime() + clockOffsetMs);
    },
    distrust() {
      comparison = null;
    },
  };
}
