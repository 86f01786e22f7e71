import * as z from 'zod/mini';
import { Entry, PolicyFile, Purpose, Settings, Timing, WaiverEntry } from './policy-schema.ts';

/**
 * What can still be read of a file that has mistakes, so that one mistake does not hide the next: null stands for what is
 * written but wrong, or needed but missing; undefined for what nobody wrote. A file without mistakes is legible as it is.
 */
export type Legible<T> = { [F in keyof T]?: T[F] | null | undefined };

export type LegibleTiming = Legible<Timing>;

export interface LegibleSettings extends Legible<Omit<Settings, 'schedule'>> {
  schedule?: LegibleTiming | null | undefined;
}

export interface LegibleEntry extends Legible<Omit<Entry, keyof Settings>>, LegibleSettings {}

export interface LegiblePolicy extends Legible<Pick<PolicyFile, 'account' | 'venue' | 'store'>> {
  purposes?: Record<string, Purpose | null> | null | undefined;
  defaults?: LegibleSettings | null | undefined;
  keys: LegibleEntry[];
  /** Null where a waiver cannot be read. */
  waivers?: (WaiverEntry | null)[] | null | undefined;
}

/** Reads every field on its own. Takes anything. */
export function legiblePolicy(file: unknown): LegiblePolicy {
  const { account, venue, store } = fields(PolicyFile, file);
  const { purposes, defaults, keys, waivers } = isObject(file) ? file : {};
  return {
    account,
    venue,
    store,
    purposes: purposes === undefined ? undefined : whole(purposes),
    defaults: defaults === undefined ? undefined : settings(Settings, defaults),
    keys: list(keys).map((entry) => settings(Entry, entry)),
    waivers: list(waivers).map((waiver) => WaiverEntry.safeParse(waiver).data ?? null),
  };
}

function settings<S extends typeof Settings | typeof Entry>(schema: S, written: unknown) {
  const schedule = isObject(written) ? written.schedule : null;
  return {
    ...fields(schema, written),
    schedule: schedule === undefined ? undefined : isObject(schedule) ? fields(Timing, schedule) : null,
  };
}

function whole(purposes: unknown): LegiblePolicy['purposes'] {
  if (!isObject(purposes)) return null;
  return Object.fromEntries(
    Object.entries(purposes).map(([name, purpose]) => [name, Purpose.safeParse(purpose).data ?? null]),
  );
}

function fields<S extends z.ZodMiniObject>(schema: S, written: unknown): Legible<z.output<S>> {
  const read = Object.entries(schema.shape).map(([field, part]) => {
    if (!isObject(written)) return [field, null];
    const { success, data } = z.safeParse(part, written[field]);
    return [field, success ? data : null];
  });
  return Object.fromEntries(read);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
