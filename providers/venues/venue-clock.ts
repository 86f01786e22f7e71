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
  let mustCompare = true;

  async function compare(): Promise<Conditions> {
    mustCompare = false;
    const before = clock.now().getTime();
    const time = await ask();
    const after = clock.now().getTime();
    if (time.body === null) return troubleFrom(time);
    clockOffsetMs = Math.round(time.body - (before + after) / 2);
    return { state: 'normal', clockOffsetMs };
  }

  return {
    compare,
    async now() {
      if (mustCompare) await compare();
      return new Date(clock.now().getTime() + clockOffsetMs);
    },
    distrust() {
      mustCompare = true;
    },
  };
}
