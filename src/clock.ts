import { KeyturnError } from './errors.ts';
import type { Clock } from './ports/clock.ts';

export const systemClock: Clock = { now: () => new Date() };

/** A clock that shows `at` now and runs on from there. */
export function turnedClock(at: Date): Clock {
  const offset = at.getTime() - Date.now();
  return { now: () => new Date(Date.now() + offset) };
}

/** An instant a person typed: ISO 8601, a date alone meaning midnight UTC. */
export function parseInstant(text: string): Date {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const instant = new Date(text);
  if ((isDate || isInstant) && !Number.isNaN(instant.getTime()) && isOfCalendar(text.slice(0, 10))) return instant;
  throw new KeyturnError('usage', `“${text}” is not an instant`, {
    hint: 'write 2026-12-24T16:00:00Z, with the offset from UTC, or a date alone',
  });
}

/** Date takes 30 February for 2 March. */
const isOfCalendar = (day: string): boolean => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
