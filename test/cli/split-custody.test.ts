import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Bao, startBao } from '../programs/bao.ts';
import { describeWith } from '../programs/index.ts';
import { type FakeSecretsManager, startSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import { REGION } from '../providers/aws-account.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** Whole rotations with the key in one store and its passphrase in another, every pair of kinds at once. */

const STORES = ['local', 'bao', 'aws'] as const;
const PAIRS = STORES.flatMap((keys) =>
  STORES.filter((each) => each !== keys).map((passphrases) => ({ keys, passphrases })),
);
const keyOf = ({ keys, passphrases }: (typeof PAIRS)[number]) => `${keys}-${passphrases}/spot`;

describeWith(['bao'], 'key and passphrase in different stores', () => {
  let bao: Bao;
  let aws: FakeSecretsManager;
  let sandbox: Sandbox;
  let folder: string;
  let close: () => Promise<void>;
  let env: NodeJS.ProcessEnv;

  const run = (...args: string[]) => keyturn(args, { cwd: folder, env });
  const json = async (...args: string[]) => JSON.parse((await run(...args, '-o', 'json')).stdout);
  const page = async (action: string, fields: Record<string, string>) => {
    const answer = await fetch(`${sandbox.url}/en/my/settings/api-management/${action}`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(fields),
    });
    return (await answer.json()) as { apiKey: string };
  };

  beforeAll(async () => {
    [bao, aws, sandbox] = await Promise.all([
      startBao(),
      startSecretsManager(),
      startSandbox({ port: 0, stateFile: null }),
    ]);
    ({ folder, close } = await aFolder());
    env = { AWS_ACCESS_KEY_ID: 'AKIAWORKER', AWS_SECRET_ACCESS_KEY: 'not-checked' };
    await run('init', '--account', 'unused');
    await writeFile(
      join(folder, 'keyturn.yaml'),
      `apiVersion: keyturn/v1
stores:
  bao: { kind: vault, address: "${bao.address}", ca: "${bao.ca}", auth: { kind: token, token: { env: BAO } } }
  aws: { kind: aws-secrets-manager, region: ${REGION}, endpoint: "${aws.url}" }
venues: { exchange: { kind: binance, baseUrl: "${sandbox.url}", proof: { groups: 2, apart: 0s } } }
`,
    );
    await bao.writePolicy('worker', (await run('policy', 'vault')).stdout);
    env = { ...env, BAO: await bao.tokenFor('worker') };
    for (const pair of PAIRS) {
      const [account = ''] = keyOf(pair).split('/');
      await writeFile(
        join(folder, 'policies', `${account}.yaml`),
        `apiVersion: keyturn/v1
account: ${account}
venue: exchange
store: ${pair.keys}
defaults:
  algorithm: ed25519
  ipAllowlist: [127.0.0.1]
  passphrase: { store: ${pair.passphrases} }
  schedule: { lead: 1d, registerWithin: 1h, overlap: 0s, revokeWithin: 1h }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`,
      );
    }
    await rm(join(folder, 'policies', 'unused.yaml'));
  });
  afterAll(async () => {
    await Promise.all([sandbox?.close(), bao?.stop(), aws?.close()]);
    await close?.();
  });

  async function applied(): Promise<Record<string, string[]>> {
    const { keys } = await json('apply', '--yes');
    return Object.fromEntries(
      keys.map(
        ({
          key,
          actions,
          error,
        }: {
          key: string;
          actions: { action: string; outcome: string }[];
          error: string | null;
        }) => [key, error === null ? actions.map(({ action, outcome }) => `${action} ${outcome}`) : [error]],
      ),
    );
  }
  const everyKey = (actions: string[]) => Object.fromEntries(PAIRS.map((pair) => [keyOf(pair), actions]));

  async function registerAll(): Promise<string[]> {
    const { tasks } = await json('tasks');
    const ids: string[] = [];
    for (const { key, label, publicKey } of tasks) {
      const switches = { enableReading: 'on', enableSpotAndMarginTrading: 'on', ipRestrict: 'on' };
      const account = key.split('/')[0];
      const { apiKey } = await page('create', { account, label, publicKey, ...switches, ipAllowlist: '127.0.0.1' });
      expect((await run('register', key, apiKey)).status).toBe(0);
      ids.push(apiKey);
    }
    return ids;
  }

  it('turns six keys over, from the first pair to a destroyed one', async () => {
    expect(await applied()).toEqual(everyKey(['generate done', 'register waiting']));
    const first = await registerAll();
    expect(await applied()).toEqual(everyKey(['verify done', 'promote done']));
    for (const pair of PAIRS) await run('rotate', keyOf(pair), '--reason', 'drill');
    expect(await applied()).toEqual(everyKey(['generate done', 'register waiting']));
    await registerAll();
    expect(await applied()).toEqual(everyKey(['verify done', 'promote done', 'revoke waiting', 'prove waiting']));
    for (const apiKey of first) await page('delete', { apiKey });
    await applied();
    await applied();
    const { keys } = await json('status');
    for (const { phase, current, previous } of keys)
      expect({ phase, current: current.generation, previous }).toEqual({ phase: 'steady', current: 2, previous: null });
    const { findings } = await json('doctor', '--offline');
    expect(findings.filter(({ severity }: { severity: string }) => severity === 'error')).toEqual([]);
  });
});
