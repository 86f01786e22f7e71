import { KeyturnError } from '../errors.ts';

/** The sandbox's clock. Turned, it runs on from there at its usual pace; it is back at real time after a restart. */
export interface SandboxClock {
  now(): Date;
  turn(to: Date): void;
  /** Back to real time. */
  reset(): void;
}

export function turnableClock(real: () => Date): SandboxClock {
  let aheadMs = 0;
  return {
    now: () => new Date(real().getTime() + aheadMs),
    turn: (to) => {
      aheadMs = to.getTime() - real().getTime();
    },
    reset: () => {
      aheadMs = 0;
    },
  };
}

/** An ISO instant with its zone. Throws `invalid`. */
export function parseInstant(text: string): Date {
  const instant = new Date(text);
  const written = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (written && !Number.isNaN(instant.getTime())) return instant;
  throw new KeyturnError('invalid', 'the time is not an instant', {
    hint: 'write it as 2027-01-31T09:00:00Z, or real',
  });
}
