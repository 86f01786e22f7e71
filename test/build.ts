import type { VenueCapabilities } from '../src/core/capabilities.ts';
import type { Snapshot } from '../src/core/decide.ts';
import type { Key, Schedule } from '../src/core/policy.ts';
import type { Answer, Inspection, Probe } from '../src/core/probe.ts';
import { emptyRecord, type Generation, type KeyRecord, type RecordDraft } from '../src/core/record.ts';

/** Builders for values in tests: a row shows only what matters to it. */

export const DAY = 86_400;
export const HOUR = 3_600;

/** `T(0)` is a Monday at noon UTC, outside daylight-saving changes; offsets in seconds. */
export const T = (seconds = 0): string => new Date(Date.UTC(2026, 5, 1, 12) + seconds * 1000).toISOString();

export const aSchedule = (changes: Partial<Schedule> = {}): Schedule => ({
  lead: 5 * DAY,
  registerWithin: 3 * DAY,
  overlap: DAY,
  revokeWithin: 2 * DAY,
  windows: [],
  freezes: [],
  onMissedWindow: 'act',
  ...changes,
});

export const aKey = ({
  schedule,
  ...changes
}: Partial<Omit<Key, 'schedule'>> & { schedule?: Partial<Schedule> } = {}): Key => ({
  id: 'binance-main/spot',
  account: 'binance-main',
  name: 'spot',
  storedAs: changes.id ?? 'binance-main/spot',
  application: 'market-maker',
  purpose: 'spot-trading',
  permissions: ['read', 'spot-trade'],
  owner: 'desk-a',
  venue: 'binance',
  store: 'local',
  algorithm: 'rsa-2048',
  ipAllowlist: ['203.0.113.7'],
  passphrase: 'required',
  rotateEvery: 30 * DAY,
  schedule: aSchedule(schedule),
  source: { file: 'policies/binance.yaml', line: 1 },
  ...changes,
});

export const someCapabilities = (changes: Partial<VenueCapabilities> = {}): VenueCapabilities => ({
  title: 'Binance',
  algorithms: ['rsa-2048', 'rsa-4096', 'ed25519'],
  onlyWith: { 'fix-trade': ['ed25519'] },
  page: 'https://venue.example/keys',
  registering: 'person',
  deleting: 'person',
  lists: false,
  registerSteps: ['Create a key.'],
  deleteSteps: ['Delete the key.'],
  switches: [
    { field: 'enableReading', label: 'Enable Reading', permission: 'read' },
    { field: 'enableSpotAndMarginTrading', label: 'Enable Spot & Margin Trading', permission: 'spot-trade' },
    { field: 'enableWithdrawals', label: 'Enable Withdrawals', permission: 'withdraw' },
    { field: 'enableInternalTransfer', label: 'Enable Internal Transfer', permission: null },
  ],
  allowlistLabel: 'Restrict access to trusted IPs only',
  withoutAllowlist: 'it is deleted when unused for 30 days',
  labels: { maxLength: 100, wordsOnly: false },
  apiKey: { pattern: /^[A-Za-z0-9]{64}$/, description: '64 letters and digits' },
  limits: { keysPerAccount: 30, allowlistEntries: 30, ipv6: false },
  ...changes,
});

const ORDER = [
  'generated',
  'stored',
  'asked',
  'registered',
  'verified',
  'promoted',
  'superseded',
  'deletionAsked',
  'provenDead',
] as const;

/** A generation that has come as far as `reached`, everything before it having happened at `at`. */
export function aGeneration(
  generation: number,
  reached: (typeof ORDER)[number],
  { at = T(), ...changes }: Partial<Omit<Generation, 'at'>> & { at?: string } = {},
): Generation {
  const done = ORDER.slice(0, ORDER.indexOf(reached) + 1);
  const has = (milestone: (typeof ORDER)[number]) => done.includes(milestone);
  return {
    generation,
    algorithm: 'rsa-2048',
    at: {
      generated: at,
      ...Object.fromEntries(done.map((milestone) => [milestone, at])),
      ...(has('verified') ? { checked: at } : {}),
    },
    evidence: [],
    ...(has('stored') ? { publicKey: 'PEM', fingerprint: `${generation}`.padStart(64, '0') } : {}),
    ...(has('registered') ? { apiKey: `${generation}`.padStart(64, 'k') } : {}),
    ...(has('verified') ? { baseline: { at, answers: ['/read 200 - accepted'] } } : {}),
    ...changes,
  };
}

/** The generation with single instants changed. */
export const withInstants = (generation: Generation, instants: Partial<Generation['at']>): Generation => ({
  ...generation,
  at: { ...generation.at, ...instants },
});

export interface RecordParts extends Partial<RecordDraft> {
  roles: { current?: Generation; next?: Generation; previous?: Generation[] };
}

export function aRecord({ roles, ...changes }: RecordParts): KeyRecord {
  const { current, next, previous = [] } = roles;
  const generations = [...previous, ...(current ? [current] : []), ...(next ? [next] : [])].sort(
    (a, b) => a.generation - b.generation,
  );
  return {
    ...emptyRecord('binance-main/spot'),
    revision: 1,
    writeId: 'w',
    writtenAt: T(),
    generations,
    current: current?.generation ?? null,
    next: next?.generation ?? null,
    last: generations.at(-1)?.generation ?? 0,
    ...changes,
  };
}

export const aSnapshot = ({
  at = T(),
  ...changes
}: Partial<Omit<Snapshot, 'now'>> & { at?: string } = {}): Snapshot => ({
  key: aKey(),
  capabilities: someCapabilities(),
  record: null,
  hold: null,
  now: new Date(at),
  claimMargin: 120,
  proof: { groups: 2, apart: 600 },
  room: true,
  attempts: [],
  ...changes,
});

const anAnswer = (kind: Answer['kind'], changes: Partial<Answer> = {}): Answer => {
  const typical = {
    accepted: { status: 200, code: null, shape: '' },
    'unknown-key': { status: 400, code: -2008, shape: 'Invalid Api-Key ID.' },
    refused: { status: 401, code: -2015, shape: 'Invalid API-key, IP, or permissions for action.' },
    'bad-signature': { status: 400, code: -1022, shape: 'Signature for this request is not valid.' },
    'no-information': { status: 503, code: null, shape: '', why: 'server-error' as const },
  }[kind];
  return { endpoint: '/sapi', kind, ...typical, ...changes };
};

export const anInspection = (
  on: string[] = ['enableReading', 'enableSpotAndMarginTrading'],
  changes: Partial<Inspection> = {},
): Inspection => ({
  switches: [...new Set([...someCapabilities().switches.map(({ field }) => field), ...on])].map((field) => ({
    field,
    on: on.includes(field),
  })),
  allowlistOn: true,
  allowlist: null,
  fingerprint: null,
  createdAt: T(),
  expiresAt: null,
  accountUid: '354937868',
  siblings: null,
  ...changes,
});

export const aProbe = (
  kind: 'alive' | 'dead' | 'refused' | 'bad-signature' | 'trouble',
  inspection: Inspection = anInspection(),
): Probe => {
  const kinds: Record<typeof kind, [Answer['kind'], Answer['kind']]> = {
    alive: ['accepted', 'accepted'],
    dead: ['unknown-key', 'refused'],
    refused: ['refused', 'refused'],
    'bad-signature': ['bad-signature', 'bad-signature'],
    trouble: ['no-information', 'no-information'],
  };
  const [first, second] = kinds[kind];
  return {
    answers: [anAnswer(first), anAnswer(second, { endpoint: '/api' })],
    inspection: kind === 'alive' ? inspection : null,
  };
};
