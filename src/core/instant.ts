/** Instants: ISO 8601 texts in records, Date values in decisions. */

export const later = (instant: string | Date, seconds: number): Date =>
  new Date(new Date(instant).getTime() + seconds * 1000);

/** As people read them: `2026-11-24 08:05 UTC`. */
export function minute(instant: Date): string {
  const written = instant.toISOString();
  return `${written.slice(0, 10)} ${written.slice(11, 16)} UTC`;
}
