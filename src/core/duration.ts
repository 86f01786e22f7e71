/** Lengths of time as people write and read them. */

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS = { s: 1, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY } as const;
const isUnit = (text: string | undefined): text is keyof typeof UNITS => text !== undefined && text in UNITS;

/** Seven digits keep every sum of durations within what a Date can hold. */
export const DURATION = /^([0-9]{1,7})([smhdw])$/;

/** Seconds in a whole number with `s`, `m`, `h`, `d` or `w`; null for any other text. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return isUnit(unit) ? Number(count) * UNITS[unit] : null;
}

/** The two largest units that say something: `5d`, `36h`, `1h 30m`, `2d 5h`. Hours run up to 47; what is smaller is left out. */
export function formatDuration(seconds: number): string {
  const inDays = seconds % DAY === 0 || seconds >= 2 * DAY;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const unit of inDays ? (['d', 'h', 'm', 's'] as const) : (['h', 'm', 's'] as const)) {
    const count = Math.floor(rest / UNITS[unit]);
    rest -= count * UNITS[unit];
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}
