import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { observe } from '../../src/core/evidence.ts';
import { emptyRecord, type Generation, type KeyRecord } from '../../src/core/record.ts';
import { createEmbeddedIdentities } from '../../src/wire.ts';

/** Folders as a team of that many keys would have them. */

export const KEYTURN = resolve('dist/main.js');

/** A program that does the least a benchmark can be compared with. */
export const baseline = (name: 'empty' | 'plan' | 'plan-vault' | 'check'): string =>
  beside(name === 'empty' ? name : `${name}-baseline`);

/** A program that stands beside the benchmarks, built like them. */
export const beside = (name: string): string => join(import.meta.dirname, `${name}.js`);

export interface World {
  folder: string;
  close(): void;
}

/** As many as leave room for a key in overlap at every venue, and make many files. */
export const KEYS_PER_FILE = 10;

/** Windows and freezes as a desk would write them. */
const OFFICE_HOURS = `
    windows:
      - { days: [mon, tue, wed, thu], from: "09:00", to: "16:00", timeZone: Europe/London }
    freezes:
      - { from: 2026-12-24, to: 2026-12-31, reason: year end }`;

export interface WorldOptions {
  algorithm?: string;
  windows?: string;
  /** As the policies name it; another one than the embedded store needs a keyturn.yaml. */
  store?: string;
}

/** Policies for `keys` keys, ten to an account and file, and an identity for the embedded store. To be acted on at any hour: no windows. */
export async function aWorld(
  keys: number,
  { algorithm = 'rsa-2048', windows = OFFICE_HOURS, store = 'local' }: WorldOptions = {},
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'policies'));
  for (const [file, names] of accountsOf(keys)) {
    writeFileSync(join(folder, 'policies', `${file}.yaml`), policyText(file, names, { algorithm, windows, store }));
  }
  await createEmbeddedIdentities(join(folder, '.keyturn'));
  return { folder, close: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The ids of its keys. */
export const idsOf = (keys: number): string[] =>
  [...accountsOf(keys)].flatMap(([account, names]) => names.map((name) => `${account}/${name}`));

function accountsOf(keys: number): Map<string, string[]> {
  const accounts = new Map<string, string[]>();
  for (let index = 0; index < keys; index++) {
    const account = `desk-${Math.floor(index / KEYS_PER_FILE)}`;
    const names = accounts.get(account) ?? [];
    accounts.set(account, [...names, `bot-${index}-spot`]);
  }
  return accounts;
}

const policyText = (
  account: string,
  names: readonly string[],
  { algorithm, windows, store }: Required<WorldOptions>,
): string => `apiVersion: keyturn/v1
account: ${account}
venue: sandbox
store: ${store}
defaults:
  algorithm: ${algorithm}
  ipAllowlist: [203.0.113.7, 198.51.100.0/28]
  schedule:
    lead: 5d
    registerWithin: 3d
    overlap: 24h
    revokeWithin: 48h${windows}
keys:
${names.map((name) => `  - { name: ${name}, application: ${name}, purpose: spot-trading, rotateEvery: 30d, owner: ${account} }\n`).join('')}`;

interface InVault {
  address: string;
  /** PEM file of its authority. */
  ca?: string;
  prefix?: string;
}

/** Where the store `vault` is; its token stands in BENCH_TOKEN. */
export function keepInVault({ folder }: World, at: InVault): void {
  const store = { kind: 'vault', ...at, auth: { kind: 'token', token: { env: 'BENCH_TOKEN' } } };
  writeFileSync(join(folder, 'keyturn.yaml'), `apiVersion: keyturn/v1\nstores: { vault: ${JSON.stringify(store)} }\n`);
}

/** Revisions a record has gone through when its first generation is promoted. */
const REVISIONS = 7;

/** Gives every key the record of a key in service, as the directory store keeps it: the newest revision beside older ones. */
export function addRecords({ folder }: World, keys: number): void {
  const generation = aGeneration();
  for (const id of idsOf(keys)) {
    const records = join(folder, '.keyturn', 'store', id, 'record');
    mkdirSync(records, { recursive: true });
    for (let revision = 1; revision <= REVISIONS; revision++) {
      const text = recordText(id, revision, generation);
      writeFileSync(join(records, `${`${revision}`.padStart(8, '0')}.json`), text);
    }
  }
}

/** Days before now, as an instant. */
const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

/** In service, for many records: making an RSA pair for each would take hours. */
export function aGeneration(): Generation {
  const { publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    generation: 1,
    algorithm: 'rsa-2048',
    at: {
      generated: ago(20),
      stored: ago(20),
      asked: ago(20),
      registered: ago(19),
      created: ago(19),
      verified: ago(19),
      checked: ago(19),
      promoted: ago(19),
    },
    publicKey,
    fingerprint: createHash('sha256').update(publicKey).digest('hex'),
    apiKey: 'x'.repeat(64),
    allowlist: 'unproven',
    baseline: { at: ago(19), answers: ['200', '200'] },
    evidence: [],
  };
}

/** The record of a key in service, as stores keep it. */
export const recordText = (key: string, revision: number, generation: Generation): string =>
  `${JSON.stringify(aRecord(key, revision, generation))}\n`;

function aRecord(key: string, revision: number, bare: Generation): KeyRecord {
  const events = ['generated', 'registration-asked', 'registered', 'probed', 'verified', 'promoted'];
  const generation = events.reduce(
    (so, event) => observe(key, so, { at: ago(19), event, by: 'keyturn@worker-1', detail: { algorithm: 'rsa-2048' } }),
    bare,
  );
  return {
    ...emptyRecord(key),
    revision,
    writeId: '00000000-0000-4000-8000-000000000000',
    writtenAt: ago(19),
    accountUid: '12345678',
    generations: [generation],
    current: 1,
    last: 1,
  };
}
