import { parseDuration } from './duration.ts';
import type { LegibleEntry, LegiblePolicy, LegibleSettings, LegibleTiming } from './legible.ts';
import { type Key, type Permission, PURPOSES, type Schedule, type Waiver } from './policy.ts';
import { BUILT_IN } from './policy-schema.ts';

type Drafted<T> = { [F in keyof T]: T[F] | undefined };
export type Field = Exclude<keyof Key, 'schedule' | 'source'>;

/** A key as far as it can be read: undefined is what cannot. A draft without gaps is a key. */
export interface Draft extends Drafted<Pick<Key, Field>>, Pick<Key, 'source'> {
  schedule: Drafted<Schedule>;
}

/** One file, resolved as far as it can be read. */
export interface Policy {
  file: string;
  account: string | undefined;
  venue: string | undefined;
  store: string | undefined;
  /** What each purpose permits, undefined where that cannot be read; undefined as a whole where `purposes` cannot. */
  purposes: ReadonlyMap<string, Permission[] | undefined> | undefined;
  /** In the order of the file. */
  keys: Draft[];
  /** In the order of the file; null where one cannot be read. */
  waivers: (Waiver | null)[];
}

/** Where the entries of a file begin, as lines from 1. */
export interface Lines {
  file: string;
  keys: readonly number[];
  waivers: readonly number[];
}

/** Merges defaults in (`schedule` field by field), expands purposes, and turns durations into seconds. */
export function resolvePolicy(written: LegiblePolicy, { file, ...lines }: Lines): Policy {
  const account = written.account ?? undefined;
  const shared = {
    file,
    account,
    venue: written.venue ?? undefined,
    store: over(written.store, BUILT_IN.store),
    purposes: purposesOf(written),
  };
  const defaults = layer(layer(ILLEGIBLE, BUILT_IN), written.defaults);
  return {
    ...shared,
    keys: written.keys.map((entry, place) => draftOf(entry, defaults, shared, lines.keys[place] ?? 1)),
    waivers: (written.waivers ?? []).map((waiver, place) =>
      waiver === null || account === undefined
        ? null
        : { ...waiver, key: `${account}/${waiver.key}`, source: { file, line: lines.waivers[place] ?? 1 } },
    ),
  };
}

/** Whether all of these fields could be read. */
export function isLegible<F extends Field, S extends keyof Schedule>(
  draft: Draft,
  fields: readonly F[],
  timing: readonly S[],
): draft is Draft & Pick<Key, F> & { schedule: Pick<Schedule, S> } {
  for (const field of fields) if (draft[field] === undefined) return false;
  for (const field of timing) if (draft.schedule[field] === undefined) return false;
  return true;
}

/** The keys of a policy that say all they must. */
export const keysOf = ({ keys }: Pick<Policy, 'keys'>): Key[] => keys.filter(isKey);

/** Whether all of a key can be read. */
export const isKey = (draft: Draft): draft is Draft & Key => isLegible(draft, FIELDS, TIMING);

type Settings = Pick<Draft, 'algorithm' | 'ipAllowlist' | 'passphrase' | 'schedule'>;
type Shared = Omit<Policy, 'keys' | 'waivers'>;

function draftOf(
  entry: LegibleEntry,
  defaults: Settings,
  { file, account, venue, store, purposes }: Shared,
  line: number,
): Draft {
  const name = entry.name ?? undefined;
  const purpose = entry.purpose ?? undefined;
  const { algorithm, ipAllowlist, passphrase, schedule } = layer(defaults, entry);
  return {
    id: idOf(account, name),
    account,
    name,
    storedAs: idOf(account, over(entry.formerly, name)),
    application: entry.application ?? undefined,
    purpose,
    permissions: purpose === undefined ? undefined : purposes?.get(purpose),
    owner: over<string | null>(entry.owner, null),
    venue,
    store,
    algorithm,
    ipAllowlist,
    passphrase,
    rotateEvery: secondsOver(entry.rotateEvery, undefined),
    schedule,
    source: { file, line },
  };
}

const idOf = (account: string | undefined, name: string | undefined): string | undefined =>
  account === undefined || name === undefined ? undefined : `${account}/${name}`;

/** What is written wins over what is below, also where it cannot be read. */
function layer(below: Settings, written: LegibleSettings | null | undefined): Settings {
  if (written === undefined) return below;
  if (written === null) return ILLEGIBLE;
  return {
    algorithm: over(written.algorithm, below.algorithm),
    ipAllowlist: over(written.ipAllowlist, below.ipAllowlist),
    passphrase: over(written.passphrase, below.passphrase),
    schedule: layerTiming(below.schedule, written.schedule),
  };
}

function layerTiming(below: Draft['schedule'], written: LegibleTiming | null | undefined): Draft['schedule'] {
  if (written === undefined) return below;
  if (written === null) return ILLEGIBLE.schedule;
  return {
    lead: secondsOver(written.lead, below.lead),
    registerWithin: secondsOver(written.registerWithin, below.registerWithin),
    overlap: secondsOver(written.overlap, below.overlap),
    revokeWithin: secondsOver(written.revokeWithin, below.revokeWithin),
    windows: over(written.windows, below.windows),
    freezes: over(written.freezes, below.freezes),
    onMissedWindow: over(written.onMissedWindow, below.onMissedWindow),
  };
}

const over = <T>(written: T | null | undefined, below: T | undefined): T | undefined =>
  written === undefined ? below : (written ?? undefined);

const secondsOver = (written: string | null | undefined, below: number | undefined): number | undefined =>
  over(typeof written === 'string' ? parseDuration(written) : written, below);

function purposesOf({ purposes }: LegiblePolicy): Policy['purposes'] {
  if (purposes === null) return undefined;
  const known = new Map<string, Permission[] | undefined>();
  for (const [name, permissions] of Object.entries(PURPOSES)) known.set(name, [...permissions]);
  for (const [name, purpose] of Object.entries(purposes ?? {}))
    if (!known.has(name)) known.set(name, purpose?.permissions);
  return known;
}

const ILLEGIBLE: Settings = {
  algorithm: undefined,
  ipAllowlist: undefined,
  passphrase: undefined,
  schedule: {
    lead: undefined,
    registerWithin: undefined,
    overlap: undefined,
    revokeWithin: undefined,
    windows: undefined,
    freezes: undefined,
    onMissedWindow: undefined,
  },
};

const FIELDS = [
  'id',
  'account',
  'name',
  'storedAs',
  'application',
  'purpose',
  'permissions',
  'owner',
  'venue',
  'store',
  'algorithm',
  'ipAllowlist',
  'passphrase',
  'rotateEvery',
] as const satisfies readonly Field[];

const TIMING = [
  'lead',
  'registerWithin',
  'overlap',
  'revokeWithin',
  'windows',
  'freezes',
  'onMissedWindow',
] as const satisfies readonly (keyof Schedule)[];
