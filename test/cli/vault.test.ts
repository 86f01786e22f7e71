import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Bao, startBao } from '../programs/bao.ts';
import { until } from '../programs/bao-node.ts';
import { startFaultProxy } from '../programs/fault-proxy.ts';
import { describeWith, program } from '../programs/index.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** A rotation by the built command over a real OpenBao, consumers with bao’s own command beside it. */

const KEY = 'desk/spot';

describeWith(['bao'], 'keyturn over OpenBao', () => {
  let bao: Bao;
  let sandbox: Sandbox;
  let folder: string;
  let consumerToken: string;
  let close: () => Promise<void>;

  const run = (...args: string[]) =>
    keyturn(args, { cwd: folder, env: { DEBUG: '*', VAULT_TOKEN: 'not-this-one', VAULT_ADDR: 'http://127.0.0.1:1' } });
  const json = async (...args: string[]) => JSON.parse((await run(...args, '-o', 'json')).stdout);

  beforeAll(async () => {
    [bao, sandbox] = await Promise.all([startBao(), startSandbox({ port: 0, stateFile: null })]);
    ({ folder, close } = await aFolder());
    const login = await approle();
    await writeFile(join(folder, 'secret-id'), login.secretId, { mode: 0o600 });
    await writeFile(
      join(folder, 'keyturn.yaml'),
      `apiVersion: keyturn/v1
stores:
  bao:
    kind: vault
    address: ${bao.address}
    ca: ${bao.ca}
    auth: { kind: approle, roleId: ${login.roleId}, secretId: { file: secret-id } }
venues: { exchange: { kind: binance, baseUrl: "${sandbox.url}", proof: { groups: 2, apart: 0s } } }
`,
    );
    await writeFile(
      join(folder, 'policies.yaml'),
      `apiVersion: keyturn/v1
account: desk
venue: exchange
store: bao
defaults:
  algorithm: ed25519
  ipAllowlist: [127.0.0.1]
  schedule: { lead: 1d, registerWithin: 1h, overlap: 0s, revokeWithin: 1h }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`,
    );
    const policy = await run('policy', 'vault');
    expect(policy).toMatchObject({ status: 0, stderr: '' });
    await bao.writePolicy('keyturn-worker', policy.stdout);
    await bao.writePolicy(
      'consumer',
      (await run('policy', 'vault', '--role', 'consumer', '--store', 'bao', '--key', KEY)).stdout,
    );
    consumerToken = await bao.tokenFor('consumer');
  });
  afterAll(async () => {
    await Promise.all([sandbox?.close(), bao?.stop()]);
    await close?.();
  });

  async function approle(): Promise<{ roleId: string; secretId: string }> {
    const role = 'auth/approle/role/keyturn';
    await bao.api('POST', 'sys/auth/approle', { type: 'approle' });
    await bao.api('POST', role, { token_policies: ['keyturn-worker'], token_no_default_policy: true });
    const { data: id } = (await bao.api('GET', `${role}/role-id`)) as { data: { role_id: string } };
    const { data: secret } = (await bao.api('POST', `${role}/secret-id`, {})) as { data: { secret_id: string } };
    return { roleId: id.role_id, secretId: secret.secret_id };
  }

  const tokens = async () => {
    const { data } = (await bao.api('GET', 'auth/token/accessors?list=true')) as { data: { keys: string[] } };
    return data.keys.length;
  };

  async function registersAtThePage(): Promise<string> {
    const { tasks } = await json('--policies', 'policies.yaml', 'task', KEY);
    const { label, publicKey, ipAllowlist } = tasks.find(({ kind }: { kind: string }) => kind === 'register');
    const permissions = { enableReading: 'on', enableSpotAndMarginTrading: 'on', ipRestrict: 'on' };
    const answer = await page('create', { label, publicKey, ipAllowlist: ipAllowlist.join(','), ...permissions });
    const { apiKey } = (await answer.json()) as { apiKey: string };
    expect((await run('--policies', 'policies.yaml', 'register', KEY, apiKey)).status).toBe(0);
    return apiKey;
  }

  const page = (action: string, fields: Record<string, string>) =>
    fetch(`${sandbox.url}/en/my/settings/api-management/${action}`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(fields),
    });

  async function apply(): Promise<string[]> {
    const { keys } = await json('--policies', 'policies.yaml', 'apply');
    expect(keys[0].error).toBeNull();
    return keys[0].actions.map(({ action, outcome }: { action: string; outcome: string }) => `${action} ${outcome}`);
  }

  /** `bao kv get`, as the consumer of this key and nobody else. */
  async function consumer(path: string, ...options: string[]): Promise<Record<string, unknown> | 'denied' | 'gone'> {
    const env = {
      ...process.env,
      BAO_ADDR: bao.address,
      BAO_CACERT: bao.ca,
      BAO_TOKEN: consumerToken,
    };
    const args = ['kv', 'get', '-format=json', ...options, '-mount=secret', `keyturn/${KEY}/${path}`];
    try {
      const { stdout } = await promisify(execFile)(program('bao'), args, { env });
      return JSON.parse(stdout).data.data ?? 'gone';
    } catch (error) {
      const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
      if (/permission denied/.test(stderr)) return 'denied';
      return /"destroyed": true|No value found/.test(`${stdout}${stderr}`) ? 'gone' : Promise.reject(error);
    }
  }

  it('a consumer sees nothing, then a whole key, then the next one whole, and nothing of the dead one', async () => {
    const before = await tokens();
    expect(await apply()).toEqual(['generate done', 'register waiting']);
    // Planning and acting share it.
    expect((await bao.audit()).match(/"type":"response".*"path":"auth\/approle\/login"/g)).toHaveLength(1);
    expect(await consumer('current')).toBe('gone');
    const first = await registersAtThePage();
    expect(await apply()).toEqual(['verify done', 'promote done']);
    const one = await consumer('current');
    expect(one).toMatchObject({ apiKey: first, generation: 1, previous: null });

    expect((await run('--policies', 'policies.yaml', 'rotate', KEY, '--reason', 'drill')).status).toBe(0);
    expect(await apply()).toEqual(['generate done', 'register waiting']);
    expect(await consumer('gen/2')).toBe('denied');
    expect(await consumer('current')).toMatchObject({ generation: 1 });
    const second = await registersAtThePage();
    expect(await apply()).toEqual(['verify done', 'promote done', 'revoke waiting', 'prove waiting']);
    const { fingerprint } = one as { fingerprint: string };
    const two = await consumer('current');
    expect(two).toMatchObject({ apiKey: second, generation: 2, previous: { generation: 1, fingerprint } });
    expect(String((two as { privateKey: string }).privateKey)).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    // Not proven dead yet: whoever still uses it may look it up.
    expect(await consumer('current', '-version=1')).toMatchObject({ generation: 1 });

    await page('delete', { apiKey: first });
    // One probe group, then another one.
    expect(await apply()).toEqual(['prove waiting']);
    expect(await apply()).toEqual(['prove done', 'destroy done']);
    expect(await consumer('current', '-version=1')).toBe('gone');
    expect(await consumer('current')).toMatchObject({ generation: 2 });
    const { keys } = await json('--policies', 'policies.yaml', 'status');
    expect(keys).toMatchObject([{ phase: 'steady', current: { generation: 2 }, previous: null }]);

    // Every run gave its logins back.
    expect(await tokens()).toBe(before);
    const audit = await bao.audit();
    for (const secret of [one, two].flatMap((each) => secretsOf(each))) expect(audit.includes(secret)).toBe(false);
  });

  const secretsOf = (document: unknown): string[] => {
    const { privateKey, passphrase } = document as { privateKey: string; passphrase: string };
    return [passphrase, privateKey.split('\n')[1] ?? ''];
  };

  it('plans and shows under the login of a planner, and cannot act', async () => {
    await bao.writePolicy('planner', (await run('policy', 'vault', '--role', 'planner')).stdout);
    await writeFile(join(folder, 'planner-token'), await bao.tokenFor('planner'), { mode: 0o600 });
    const text = await readFile(join(folder, 'keyturn.yaml'), 'utf8');
    const login = 'auth: { kind: token, token: { file: planner-token } }';
    await writeFile(join(folder, 'planner.yaml'), text.replace(/auth: .*/, login));
    const common = ['--config', 'planner.yaml', '--policies', 'policies.yaml'];
    expect(await json(...common, 'plan')).toMatchObject({ keys: [{ key: KEY, action: null, reason: 'not-due' }] });
    expect(await json(...common, 'status')).toMatchObject({ keys: [{ current: { generation: 2 } }] });
    const asked = await run(...common, 'rotate', KEY, '--reason', 'drill');
    expect(asked).toMatchObject({ status: 1, stderr: expect.stringContaining('write the record of desk/spot') });
    expect(asked.stderr).toContain('keyturn policy vault');
  });

  it('doctor finds nothing wrong with store and rights', async () => {
    const { findings } = await json('--policies', 'policies.yaml', 'doctor');
    expect(findings.filter(({ code }: { code: string }) => /^(vault|store)-/.test(code))).toEqual([]);
    await bao.api('POST', 'secret/config', { delete_version_after: '720h' });
    expect((await json('--policies', 'policies.yaml', 'doctor')).findings).toContainEqual(
      expect.objectContaining({ code: 'vault-deletes-versions', severity: 'error' }),
    );
    await bao.api('POST', 'secret/config', { delete_version_after: '0s' });
  });

  it('says which store to name, and what is wrong', async () => {
    expect(await run('policy', 'vault', '--store', 'local')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('there are: bao'),
    });
    expect(await run('policy', 'vault', '--key', KEY)).toMatchObject({ status: 64 });
    const planner = await run('policy', 'vault', '--role', 'planner');
    expect(planner.stdout).toContain('path "secret/data/keyturn/+/+/record" {\n  capabilities = ["read"]\n}');
    expect(planner.stdout).not.toMatch(/\/data\/keyturn\/\+\/\+\/(gen|current)/);
  });

  it('SIGTERM in the middle of a pass gives its login back, too', async () => {
    expect((await run('--policies', 'policies.yaml', 'rotate', KEY, '--reason', 'drill')).status).toBe(0);
    const before = await tokens();
    const configuration = join(folder, 'slow.yaml');
    const text = await readFile(join(folder, 'keyturn.yaml'), 'utf8');
    const slow = await startFaultProxy({ upstream: bao.address, ca: await readFile(bao.ca) });
    await writeFile(configuration, text.replace(bao.address, slow.address));
    slow.breaks(/^POST .*\/record/, { kind: 'answer', status: 429, headers: { 'retry-after': '1' } });
    const args = [resolve('dist/main.js'), '--config', configuration, '--policies', 'policies.yaml', 'apply', '--yes'];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
    await until(async () => slow.seen.some(({ line }) => /^POST .*\/record/.test(line)));
    expect(await tokens()).toBeGreaterThan(before);
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(await tokens()).toBe(before);
    await slow.close();
  });
});
