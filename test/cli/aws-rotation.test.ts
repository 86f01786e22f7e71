import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { describeWith, program } from '../programs/index.ts';
import { type FakeSecretsManager, startSecretsManager } from '../programs/secrets-manager-fake/server.ts';
import { REGION, signIn } from '../providers/aws-account.ts';
import { started } from '../providers/loopback.ts';
import { startMoto } from '../providers/moto.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** The built command with its keys in AWS, beside an application that reads them with boto3. */

const KEY = 'desk/spot';
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAWORKER', AWS_SECRET_ACCESS_KEY: 'not-checked' };

let folder: string;
let close: () => Promise<void>;

beforeEach(async () => {
  signIn(null);
  ({ folder, close } = await aFolder());
});
afterEach(() => close());

async function configure(aws: string, venue: string): Promise<void> {
  const stores = `stores: { aws: { kind: aws-secrets-manager, region: ${REGION}, endpoint: "${aws}" } }`;
  const venues = `venues: { exchange: { kind: binance, baseUrl: "${venue}", proof: { groups: 2, apart: 0s } } }`;
  await writeFile(join(folder, 'keyturn.yaml'), `apiVersion: keyturn/v1\n${stores}\n${venues}\n`);
  const schedule = '{ lead: 1d, registerWithin: 1h, overlap: 0s, revokeWithin: 1h }';
  const key = '{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }';
  await writeFile(
    join(folder, 'desk.yaml'),
    `apiVersion: keyturn/v1
account: desk
venue: exchange
store: aws
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1], schedule: ${schedule} }
keys: [${key}]
`,
  );
}

const run = (env: NodeJS.ProcessEnv, ...args: string[]) =>
  keyturn(['--policies', 'desk.yaml', ...args], { cwd: folder, env });

async function json(...args: string[]) {
  const { stdout, stderr } = await run(KEYS, ...args, '-o', 'json');
  expect(stderr).not.toMatch(/Warning|node:/);
  expect(`${stdout}${stderr}`.includes('PRIVATE')).toBe(false);
  return JSON.parse(stdout);
}

async function applied(): Promise<string[]> {
  const { keys } = await json('apply', '--yes');
  expect(keys[0].error).toBeNull();
  return keys[0].actions.map(({ action, outcome }: { action: string; outcome: string }) => `${action} ${outcome}`);
}

const SERVICES: Record<string, () => Promise<FakeSecretsManager | Awaited<ReturnType<typeof startMoto>>>> = {
  'a strict fake': startSecretsManager,
  moto: startMoto,
};

describeWith(['moto_server', 'python'], 'a rotation with the keys in AWS', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await startSandbox({ port: 0, stateFile: null });
  });
  afterEach(() => sandbox.close());

  const page = async (action: string, fields: Record<string, string>) => {
    const answer = await fetch(`${sandbox.url}/en/my/settings/api-management/${action}`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(fields),
    });
    return (await answer.json()) as { apiKey: string };
  };

  async function register(): Promise<string> {
    const { tasks } = await json('task', KEY);
    const { label, publicKey, ipAllowlist } = tasks[0];
    const switches = { enableReading: 'on', enableSpotAndMarginTrading: 'on', ipRestrict: 'on' };
    const { apiKey } = await page('create', { label, publicKey, ...switches, ipAllowlist: ipAllowlist.join(',') });
    expect((await run(KEYS, 'register', KEY, apiKey)).status).toBe(0);
    return apiKey;
  }

  it.each(Object.entries(SERVICES))(
    'goes from the first pair to a destroyed one on %s, and the application always reads a whole key',
    async (_, start) => {
      const aws = await start();
      try {
        await configure(aws.url, sandbox.url);
        const application = readerOf(aws.url);
        expect(await applied()).toEqual(['generate done', 'register waiting']);
        const first = await register();
        expect(await applied()).toEqual(['verify done', 'promote done']);
        await application.seen(1);
        expect((await run(KEYS, 'rotate', KEY, '--reason', 'drill')).status).toBe(0);
        expect(await applied()).toEqual(['generate done', 'register waiting']);
        const second = await register();
        expect(await applied()).toEqual(['verify done', 'promote done', 'revoke waiting', 'prove waiting']);
        await application.seen(2);
        await page('delete', { apiKey: first });
        await applied();
        await applied();
        expect((await json('status')).keys).toMatchObject([
          { phase: 'steady', current: { generation: 2 }, previous: null },
        ]);
        expect((await run(KEYS, 'doctor', '--offline')).status).toBe(0);
        const [none, one, two, ...more] = await application.end();
        expect([none, one, two]).toMatchObject([
          { generation: null },
          { generation: 1, whole: true, apiKey: first, previous: null },
          { generation: 2, whole: true, apiKey: second, previous: { generation: 1 } },
        ]);
        expect(more).toEqual([]);
        if ('service' in aws) await costsLittle(aws);
      } finally {
        await aws.close();
      }
    },
  );

  /** A whole rotation within what AWS keeps of one record a day, and one call for a key that waits. */
  async function costsLittle({ service, requests }: FakeSecretsManager): Promise<void> {
    const versions = Object.keys(service.secret(`keyturn/records/${KEY}`).versions);
    expect(versions.filter((id) => id.startsWith('6b657974-7572-')).length).toBeLessThanOrEqual(40);
    const before = requests.length;
    await json('plan');
    expect(requests.slice(before).map(({ operation }) => operation)).toEqual(['GetSecretValue']);
  }

  /** What boto3 reads, in another process, from now on. */
  function readerOf(url: string) {
    const child: ChildProcess = spawn(
      program('python'),
      ['test/programs/read_current.py', url, `keyturn/keys/${KEY}`],
      { env: { ...process.env, ...KEYS }, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'exit');
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const states = () =>
      said
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { generation: number | null });
    return {
      async seen(generation: number) {
        await expect.poll(() => states().at(-1)?.generation, { timeout: 20_000 }).toBe(generation);
      },
      async end() {
        child.stdin?.end();
        expect(await ended).toEqual([0, null]);
        return states();
      },
    };
  }
});

describe('the credentials of the SDK’s own chain, in the bundle', () => {
  const given = {
    AccessKeyId: 'AKIAROLE',
    SecretAccessKey: 'not-checked',
    Token: 't',
    Expiration: '2099-01-01T00:00:00Z',
  };
  const role = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${given.AccessKeyId}</AccessKeyId><SecretAccessKey>${given.SecretAccessKey}</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${given.Expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
  const endpoint = async (body: string, type: string) =>
    (await started(createServer((_, response) => void response.writeHead(200, { 'content-type': type }).end(body))))
      .url;

  const chain: Record<string, () => Promise<[env: NodeJS.ProcessEnv, accessKeyId: string]>> = {
    'the environment': async () => [KEYS, 'AKIAWORKER'],
    'a profile': async () => {
      const file = join(folder, 'credentials');
      await writeFile(file, '[desk]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = not-checked\n');
      return [{ AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'desk' }, 'AKIAPROFILE'];
    },
    'Pod Identity': async () => {
      const file = join(folder, 'token');
      await writeFile(file, 'token');
      const url = `${await endpoint(JSON.stringify(given), 'application/json')}/v1/credentials`;
      return [
        { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file },
        given.AccessKeyId,
      ];
    },
    IRSA: async () => {
      const file = join(folder, 'token');
      await writeFile(file, 'token');
      const env = { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/keyturn' };
      return [{ ...env, AWS_ENDPOINT_URL_STS: await endpoint(role, 'text/xml') }, given.AccessKeyId];
    },
  };

  it.each(Object.entries(chain))('come from %s', async (_, arrange) => {
    const aws = await startSecretsManager();
    try {
      await configure(aws.url, 'http://127.0.0.1:1');
      const [env, accessKeyId] = await arrange();
      const { stderr, status } = await run(env, 'status');
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      expect(new Set(aws.requests.map((request) => request.accessKeyId))).toEqual(new Set([accessKeyId]));
    } finally {
      await aws.close();
    }
  });

  it('are missed in one sentence', async () => {
    await configure('http://127.0.0.1:1', 'http://127.0.0.1:1');
    const { stdout, stderr } = await run({}, 'plan');
    expect(`${stdout}${stderr}`).toMatch(/no AWS credentials were found.*set AWS_PROFILE/);
  });
});
