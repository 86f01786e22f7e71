import { formatDuration } from '../duration.ts';
import type { Algorithm, Key, Permission, Protection, Schedule, Window } from '../policy.ts';
import { rememberingWith } from '../remember.ts';
import { compareAllowlists } from './addresses.ts';
import { type Change, type Effect, list } from './change.ts';
import { compareFreezes } from './freezes.ts';

/** What is different between a key before and after, field by field, the weightiest first. */
export function compareKeys(before: Key, after: Key, today: string): Change[] {
  return [
    ...comparePermissions(before.permissions, after.permissions),
    ...compareAllowlists(before.ipAllowlist, after.ipAllowlist),
    ...comparePassphrase(before, after),
    ...compareAlgorithm(before.algorithm, after.algorithm),
    ...longerIsWorse('rotateEvery', before.rotateEvery, after.rotateEvery),
    ...TIMES.flatMap((field) => longerIsWorse(field, before.schedule[field], after.schedule[field])),
    ...compareFreezes(before.schedule.freezes, after.schedule.freezes, today),
    ...compareMissedWindow(before.schedule, after.schedule),
    ...compareOwner(before.owner, after.owner),
    ...LABELS.flatMap((field) => relabelled(field, before[field], after[field])),
    ...compareStore(before.store, after.store),
    ...relabelled('lead', formatDuration(before.schedule.lead), formatDuration(after.schedule.lead)),
    ...relabelled('windows', windowsText(before.schedule.windows), windowsText(after.schedule.windows)),
  ];
}

const TIMES = ['registerWithin', 'overlap', 'revokeWithin'] as const satisfies (keyof Schedule)[];
const LABELS = ['application', 'purpose', 'venue'] as const satisfies (keyof Key)[];

function longerIsWorse(field: string, before: number, after: number): Change[] {
  if (before === after) return [];
  const [effect, word]: [Effect, string] = after > before ? ['relaxed', 'longer'] : ['tightened', 'shorter'];
  const by = formatDuration(Math.abs(after - before));
  const message = `${field} ${formatDuration(before)} → ${formatDuration(after)} (${by} ${word})`;
  return [{ field, effect, message }];
}

function comparePermissions(before: readonly Permission[], after: readonly Permission[]): Change[] {
  const [gained, lost] = [missingFrom(before, after), missingFrom(after, before)];
  const field = 'permissions';
  return [
    ...(gained.length > 0 ? [{ field, effect: 'relaxed', message: `may also ${list(gained)}`, gained } as const] : []),
    ...(lost.length > 0 ? [{ field, effect: 'tightened', message: `may no longer ${list(lost)}`, lost } as const] : []),
  ];
}

const missingFrom = <T>(these: readonly T[], those: readonly T[]): T[] => those.filter((each) => !these.includes(each));

/** Better the harder it is to come by both the private half and what opens it. */
function comparePassphrase({ passphrase: before }: Key, { passphrase: after }: Key): Change[] {
  const [was, is] = [wordsFor(before), wordsFor(after)];
  if (was === is) return [];
  const more = custodyOf(after) - custodyOf(before);
  const effect = more < 0 ? 'relaxed' : more > 0 ? 'tightened' : 'neutral';
  return [{ field: 'passphrase', effect, message: `the private half is ${is} (was ${was})` }];
}

const custodyOf = (protection: Protection): number => (protection === 'none' ? 0 : protection === 'required' ? 1 : 2);

const wordsFor = (protection: Protection): string =>
  protection === 'none'
    ? 'not encrypted'
    : protection === 'required'
      ? 'encrypted under a passphrase beside it'
      : `encrypted under a passphrase in store ${protection.store}`;

/** Bits of security: NIST SP 800-57 part 1, table 2; for 4096 bits the formula of FIPS 140-2 IG 7.5, as OpenSSL uses it. */
const STRENGTH: Record<Algorithm, number> = { 'rsa-2048': 112, 'rsa-3072': 128, 'rsa-4096': 152, ed25519: 128 };

function compareAlgorithm(before: Algorithm, after: Algorithm): Change[] {
  if (before === after) return [];
  const [was, is] = [STRENGTH[before], STRENGTH[after]];
  const message = `algorithm ${before} → ${after} (${was} → ${is} bits of security)`;
  return [{ field: 'algorithm', effect: is < was ? 'relaxed' : is > was ? 'tightened' : 'neutral', message }];
}

function compareMissedWindow({ onMissedWindow: before }: Schedule, { onMissedWindow: after }: Schedule): Change[] {
  if (before === after) return [];
  const field = 'onMissedWindow';
  return after === 'wait'
    ? [{ field, effect: 'relaxed', message: 'may become overdue while it waits for a window' }]
    : [{ field, effect: 'tightened', message: 'is replaced when due, also outside of windows' }];
}

function compareOwner(before: string | null, after: string | null): Change[] {
  if (before === after) return [];
  const effect = after === null ? 'relaxed' : before === null ? 'tightened' : 'neutral';
  return [{ field: 'owner', effect, message: `owner ${before ?? 'nobody'} → ${after ?? 'nobody'}` }];
}

function compareStore(before: string, after: string): Change[] {
  if (before === after) return [];
  const message = `store ${before} → ${after}; keyturn holds still until the record is moved there`;
  return [{ field: 'store', effect: 'neutral', message }];
}

const relabelled = (field: string, before: string, after: string): Change[] =>
  before === after ? [] : [{ field, effect: 'neutral', message: `${field} ${before} → ${after}` }];

/** Most keys of a file share their windows. */
const windowsText = rememberingWith((windows: readonly Window[]): string =>
  windows.length === 0
    ? 'always'
    : windows.map(({ days, from, to, timeZone }) => `${days.join(' ')} ${from}–${to} ${timeZone}`).join(' and '),
);
