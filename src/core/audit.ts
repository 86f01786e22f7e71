import type { VenueCapabilities } from './capabilities.ts';
import { bornAt } from './due.ts';
import { formatDuration } from './duration.ts';
import { later, minute } from './instant.ts';
import type { Key, KeyId } from './policy.ts';
import type { Inspection, ListedKey } from './probe.ts';
import { type Generation, hasPrivateHalf, type KeyRecord, maskApiKey, rolesOf } from './record.ts';
import { inspectionFindings } from './verification.ts';

/** Live keys compared with policy: what is not as it should be although nothing is under way to change it. */

export interface AuditFinding {
  /** A key, or an account. */
  subject: string;
  code: AuditCode;
  severity: 'error' | 'warning';
  message: string;
  /** What to do about it. */
  help: string;
}

export type AuditCode =
  | 'not-working'
  | 'not-seen'
  | 'permission'
  | 'too-old'
  | 'age-unknown'
  | 'no-private-half'
  | 'allowlist-unproven'
  | 'venue-will-delete'
  | 'expires'
  | 'not-adopted'
  | 'unowned'
  | 'uncovered'
  | 'too-many';

/** One key, and what its current generation said of itself just now. */
export interface AuditedKey {
  key: Key;
  capabilities: VenueCapabilities;
  record: KeyRecord | null;
  /** `refused`: the venue did not accept it; `unknown`: it could not be asked, and why. */
  current: { inspection: Inspection } | { refused: string } | { unknown: string } | null;
  now: Date;
}

export function auditKey(audited: AuditedKey): AuditFinding[] {
  const { key, record, current, capabilities } = audited;
  const generation = record && rolesOf(record).current;
  if (!generation) return current && 'unknown' in current ? [notSeen(key, current.unknown)] : [];
  return [
    ...ageFindings(audited, generation),
    ...(hasPrivateHalf(generation) ? allowlistFindings(audited, generation) : [withoutPrivateHalf(key)]),
    ...(current && 'refused' in current ? [notWorking(key, current.refused)] : []),
    ...(current && 'unknown' in current ? [notSeen(key, current.unknown)] : []),
    ...(current && 'inspection' in current
      ? [
          ...inspectionFindings(current.inspection, {
            key,
            capabilities,
            accountUid: record.accountUid ?? null,
            fingerprint: generation.fingerprint ?? null,
          }).map(({ message }) => wrong(key, message)),
          ...expiryFindings(audited, current.inspection),
        ]
      : []),
  ];
}

const finding = (
  { id }: Pick<Key, 'id'>,
  code: AuditCode,
  severity: AuditFinding['severity'],
  message: string,
  help: string,
): AuditFinding => ({ subject: id, code, severity, message, help });

function ageFindings({ key, now, record }: AuditedKey, generation: Generation): AuditFinding[] {
  const age = Math.floor((now.getTime() - bornAt(generation).getTime()) / 1000);
  const unknown =
    generation.adopted?.age === 'unknown'
      ? [
          finding(
            key,
            'age-unknown',
            'warning',
            `the venue does not say how old generation ${generation.generation} is; it counts from its adoption`,
            'rotate it soon: keyturn rotate KEY --reason TEXT',
          ),
        ]
      : [];
  if (age <= key.rotateEvery || record?.next) return unknown;
  const old = `generation ${generation.generation} is ${formatDuration(age - (age % 86_400))} old, the policy says ${formatDuration(key.rotateEvery)}`;
  return [...unknown, finding(key, 'too-old', 'error', old, 'keyturn plan says what holds its rotation back')];
}

const withoutPrivateHalf = (key: Key): AuditFinding =>
  finding(
    key,
    'no-private-half',
    'warning',
    'its private half is not in the store, so it cannot be probed, and its deletion can only be proven by a list of the account’s keys',
    'rotate it: the next generation is made and kept by keyturn',
  );

const notWorking = (key: Key, why: string): AuditFinding =>
  finding(
    key,
    'not-working',
    'error',
    `the current key is refused: ${why}`,
    'if somebody deleted it: keyturn rotate KEY --reason TEXT; else check its switches and allowlist',
  );

const notSeen = (key: Key, why: string): AuditFinding =>
  finding(
    key,
    'not-seen',
    'warning',
    `the current key could not be looked at: ${why}`,
    'run keyturn audit again later',
  );

const wrong = (key: Key, message: string): AuditFinding =>
  finding(
    key,
    'permission',
    'error',
    `the current key is not as its policy says: ${message}`,
    'change it on the venue’s page, or change the policy',
  );

function allowlistFindings({ key }: AuditedKey, { allowlist }: Generation): AuditFinding[] {
  if (key.ipAllowlist.length === 0 || allowlist === 'proven') return [];
  const message = 'which addresses its allowlist holds is unproven: the venue does not show them';
  const help = 'configure an egress outside the allowlist: venues: { NAME: { outside: { proxy: … } } }';
  return [finding(key, 'allowlist-unproven', 'warning', message, help)];
}

function expiryFindings(
  { key, capabilities, now }: AuditedKey,
  { allowlistOn, expiresAt }: Inspection,
): AuditFinding[] {
  const deletes =
    !allowlistOn && capabilities.withoutAllowlist
      ? [
          finding(
            key,
            'venue-will-delete',
            'warning',
            `it is tied to no address: ${capabilities.withoutAllowlist}`,
            'set an allowlist',
          ),
        ]
      : [];
  const soon = expiresAt !== null && new Date(expiresAt) <= later(now, key.schedule.lead + key.schedule.registerWithin);
  return soon
    ? [
        ...deletes,
        finding(
          key,
          'expires',
          'error',
          `the venue lets it expire ${minute(new Date(expiresAt))}`,
          'rotate it before: keyturn rotate KEY --reason TEXT',
        ),
      ]
    : deletes;
}

/** A key that left its policy. */
export const uncoveredFinding = (key: KeyId): AuditFinding =>
  finding(
    { id: key },
    'uncovered',
    'warning',
    'no policy names it: it is neither rotated nor deleted, and may live on at the venue',
    wayBack(key),
  );

/** How a key that left its policy gets into one again. */
export const wayBack = (key: KeyId): string =>
  `bring it back into a policy, or let its successor KEY go on with it: keyturn adopt KEY --from ${key}`;

export interface AuditedAccount {
  account: string;
  /** Keys of the account in policies. */
  keys: readonly { key: Key; record: KeyRecord | null }[];
  /** Records that no policy names, of any account. */
  uncovered: readonly KeyRecord[];
  /** Null where the venue cannot list them; `unknown`: it did not, or not all records are there to compare with, and why. */
  listed: readonly ListedKey[] | { unknown: string } | null;
  limit: number;
}

const notListed = (account: string, why: string): AuditFinding =>
  finding(
    { id: account },
    'not-seen',
    'warning',
    `whether the account has keys that nobody owns could not be looked at: ${why}`,
    'run keyturn audit again later',
  );

/** What only the account's list of keys shows: keys that nobody owns, and too many of them. */
export function auditAccount({ account, keys, uncovered, listed, limit }: AuditedAccount): AuditFinding[] {
  if (listed === null) return [];
  if ('unknown' in listed) return [notListed(account, listed.unknown)];
  const known = new Set(
    [...keys.map(({ record }) => record), ...uncovered].flatMap((record) =>
      (record?.generations ?? []).flatMap(({ apiKey, discardedApiKeys = [] }) => [apiKey, ...discardedApiKeys]),
    ),
  );
  const strangers = listed.filter(({ apiKey }) => !known.has(apiKey));
  const adoptable = new Map(keys.filter(({ record }) => record === null).map(({ key }) => [key.name, key]));
  const found = strangers.map((stranger): AuditFinding => {
    const key = adoptable.get(stranger.label ?? '');
    const what = `key ${maskApiKey(stranger.apiKey)}${stranger.label === null ? '' : ` (“${stranger.label}”)`}`;
    return key
      ? finding(
          key,
          'not-adopted',
          'warning',
          `the venue has ${what}, and keyturn does not look after it`,
          `keyturn adopt ${key.id} KEY-ID`,
        )
      : {
          subject: account,
          code: 'unowned',
          severity: 'error',
          message: `${what} belongs to no policy`,
          help: 'find out who uses it; delete it at the venue, or write it into a policy and adopt it',
        };
  });
  const isFull = listed.length >= limit;
  return isFull
    ? [
        ...found,
        {
          subject: account,
          code: 'too-many',
          severity: 'error',
          message: `the account holds ${listed.length} of at most ${limit} keys, so none can be rotated`,
          help: 'delete keys that nobody uses',
        },
      ]
    : found;
}
