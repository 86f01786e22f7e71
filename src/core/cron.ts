/**
 * Cron expressions, as far as everybody reads them alike: node-cron, which wakes `keyturn serve`, and Kubernetes, whose CronJob
 * runs `keyturn apply`. What one of them refuses, or takes for something else, is refused here.
 */

interface Field {
  name: string;
  from: number;
  to: number;
  /** Names that stand for the numbers from `from` on. */
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const FIELDS: readonly Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, names: MONTHS },
  // Sunday is 0 only: Kubernetes refuses 7.
  { name: 'day of week', from: 0, to: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

/** What an expression must be instead of what it is; null where it is read alike everywhere. */
export function flawOfCron(expression: string): string | null {
  const texts = expression.split(' ');
  if (texts.length !== FIELDS.length) return `must have five fields, one space between them: ${namesOf(FIELDS)}`;
  const values = FIELDS.map((field, index) => valuesOf(field, texts[index] ?? ''));
  const wrong = FIELDS.find((_, index) => values[index] === null);
  if (wrong) {
    return `must have as its ${wrong.name} * or numbers from ${wrong.from} to ${wrong.to}, with lists (1,5), ranges (1-5) and steps (*/5, 1-5/2); nothing else, such as L, W, # or ?, is read alike by node-cron and Kubernetes`;
  }
  const [, , days, months] = values;
  if (texts[2] !== '*' && texts[4] !== '*') {
    return 'must leave day of month or day of week open (*): node-cron takes days that match both, Kubernetes days that match either';
  }
  const isPossible = months?.some((month) => (days?.[0] ?? 1) <= (LONGEST[month - 1] ?? 31));
  return isPossible ? null : 'must name a day of month that one of its months has';
}

const namesOf = (fields: readonly Field[]): string => fields.map(({ name }) => name).join(', ');

/** Ascending; null where the text is none of a cron field. */
function valuesOf(field: Field, text: string): number[] | null {
  const parts = text.split(',').map((part) => partOf(field, part));
  const found = parts.flatMap((part) => part ?? []);
  return parts.includes(null) ? null : [...new Set(found)].sort((a, b) => a - b);
}

const PART = /^(?:\*|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/i;

function partOf(field: Field, text: string): number[] | null {
  const [matched, first, last, step] = PART.exec(text) ?? [];
  if (matched === undefined) return null;
  const low = first === undefined ? field.from : numberOf(field, first);
  const high = first === undefined ? field.to : last === undefined ? low : numberOf(field, last);
  const width = step === undefined ? 1 : Number(step);
  // `5/15` is from 5 on for Kubernetes, and refused by node-cron.
  const isStepOfOne = step !== undefined && first !== undefined && last === undefined;
  if (isStepOfOne || width < 1 || width > field.to) return null;
  if (!(field.from <= low && low <= high && high <= field.to)) return null;
  return Array.from({ length: Math.floor((high - low) / width) + 1 }, (_, index) => low + index * width);
}

/** NaN for what is neither a number nor a name. */
function numberOf({ from, names = [] }: Field, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const index = names.indexOf(text.toLowerCase());
  return index < 0 ? Number.NaN : from + index;
}
