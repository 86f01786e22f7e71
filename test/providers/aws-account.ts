import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeKeys } from '../../providers/keys.ts';
import { PATIENCE, type Patience } from '../../providers/stores/aws/client.ts';
import { openAws } from '../../providers/stores/aws.ts';
import { systemClock } from '../../src/clock.ts';
import type { Material, Store, StoreReader } from '../../src/ports/store.ts';
import { keyturn } from '../cli/keyturn.ts';
import type { Policy } from '../programs/secrets-manager-fake/iam.ts';
import { type FakeSecretsManager, startSecretsManager } from '../programs/secrets-manager-fake/server.ts';

export const REGION = 'eu-west-1';

/** A test writes in a second what a real store writes in a month, and AWS is slow only where a test wants it. */
const QUICK: Patience = { ...PATIENCE, settle: 2_000, writesPerSecond: 1_000 };

/** Only what the test gives, whatever credentials this machine has. */
export function signIn(accessKeyId: string | null): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nowhere/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
    ...(accessKeyId === null ? {} : { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: 'not-checked' }),
  });
}

export const KEY = 'desk/spot';
export const SECRET = `keyturn/keys/${KEY}`;
export const RECORD = `keyturn/records/${KEY}`;

const keys = nodeKeys();
export const aPair = (): Promise<Material> => keys.generate('ed25519', true);

export interface Account {
  store: (patience?: Partial<Patience>) => Store;
  reader: () => StoreReader;
}

/** keyturn’s store at that address. */
export const accountAt = (url: string): Account => ({
  store: (patience = {}) =>
    openAws({ region: REGION, endpoint: url }, { clock: systemClock, patience: { ...QUICK, ...patience } }).store,
  reader: () => openAws({ region: REGION, endpoint: url }, { clock: systemClock, patience: QUICK }).reader,
});

/** An account of its own on the fake, signed in to with every right. */
export async function anAccount(): Promise<{ aws: FakeSecretsManager; account: Account }> {
  signIn('AKIAADMIN');
  const aws = await startSecretsManager(REGION);
  return { aws, account: accountAt(aws.url) };
}

/** Generation 1 is current, its key id is `id-1`; the record is at revision 1. */
export async function established(store: Store): Promise<Store> {
  await store.putMaterial(KEY, 1, await aPair());
  await store.promote(KEY, { from: null, to: 1, apiKey: 'id-1' });
  await store.writeRecord(KEY, 'one', 'absent');
  return store;
}

/** The document that `keyturn policy iam` prints for a role. */
export async function printedPolicy(role: 'worker' | 'planner' | 'consumer', ...more: string[]): Promise<Policy> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-iam-'));
  try {
    const stores = `stores: { aws: { kind: aws-secrets-manager, region: ${REGION} } }`;
    await writeFile(join(folder, 'keyturn.yaml'), `apiVersion: keyturn/v1\n${stores}\n`);
    const { stdout, stderr } = await keyturn(['policy', 'iam', '--role', role, ...more], { cwd: folder });
    if (stderr !== '') throw new Error(stderr);
    return JSON.parse(stdout) as Policy;
  } finally {
    await rm(folder, { recursive: true });
  }
}
