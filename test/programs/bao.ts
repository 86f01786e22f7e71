import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { authority } from './authority.ts';
import { program } from './index.ts';

/**
 * A real OpenBao server: raft storage in a temporary folder, TLS by an authority of its own, audit file on, initialised and
 * unsealed here, KV version 2 at `secret/`. The root token is for setting things up; what is tested logs in under a policy.
 */
export interface Bao {
  /** `https://127.0.0.1:…` */
  address: string;
  /** PEM file of the authority. */
  ca: string;
  folder: string;
  root: string;
  /** As root, unless another token is given. Answers the parsed body; throws for any status but 2xx. */
  api(method: string, path: string, body?: object, token?: string): Promise<unknown>;
  /** The same with its status, whatever that is. */
  ask(method: string, path: string, body?: object, token?: string): Promise<{ status: number; body: unknown }>;
  /** A token under this policy alone. */
  tokenFor(policy: string, options?: object): Promise<string>;
  writePolicy(name: string, hcl: string): Promise<void>;
  audit(): Promise<string>;
  unseal(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBao(): Promise<Bao> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bao-'));
  const [port, clusterPort] = await freePorts(2);
  const { ca, key, certificate } = await authority(folder);
  const address = `https://127.0.0.1:${port}`;
  await mkdir(join(folder, 'data'));
  await writeFile(
    join(folder, 'bao.hcl'),
    `api_addr = "${address}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
storage "raft" {
  path = "${folder}/data"
  node_id = "one"
  performance_multiplier = 1
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${clusterPort}"
  tls_cert_file = "${certificate}"
  tls_key_file = "${key}"
}
audit "file" "file" {
  options {
    file_path = "${folder}/audit.log"
  }
}
`,
  );
  const server = spawn(program('bao'), ['server', `-config=${folder}/bao.hcl`], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => void server.once('exit', () => resolve()));
  const agent = new Agent({ keepAlive: true, ca: await readFile(ca) });
  const bao: Bao = {
    address,
    ca,
    folder,
    root: '',
    ask: (method, path, body, token = bao.root) => exchange(agent, `${address}/v1/${path}`, method, token, body),
    async api(method, path, body, token) {
      const answer = await bao.ask(method, path, body, token);
      if (answer.status < 300) return answer.body;
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    },
    async tokenFor(policy, options = {}) {
      const given = { policies: [policy], no_default_policy: true, ttl: '1h', ...options };
      const { auth } = (await bao.api('POST', 'auth/token/create', given)) as { auth: { client_token: string } };
      return auth.client_token;
    },
    async writePolicy(name, policy) {
      await bao.api('PUT', `sys/policies/acl/${name}`, { policy });
    },
    audit: () => readFile(join(folder, 'audit.log'), 'utf8'),
    async unseal() {
      await bao.api('POST', 'sys/unseal', { key: unsealKey });
      await until(async () => (await bao.ask('GET', 'sys/health')).status === 200);
    },
    async stop() {
      agent.destroy();
      server.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
  let unsealKey = '';
  try {
    await until(async () => (await bao.ask('GET', 'sys/seal-status')).status === 200);
    const shares = { secret_shares: 1, secret_threshold: 1 };
    const made = (await bao.api('POST', 'sys/init', shares)) as { keys_base64: [string]; root_token: string };
    [unsealKey] = made.keys_base64;
    bao.root = made.root_token;
    await bao.unseal();
    await bao.api('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
    // A new engine answers that it is being upgraded for a moment.
    await until(async () => (await bao.ask('GET', 'secret/config')).status === 200);
    return bao;
  } catch (error) {
    await bao.stop();
    throw error;
  }
}

function exchange(agent: Agent, url: string, method: string, token: string, body?: object) {
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const sent = request(url, { agent, method, headers: { 'X-Vault-Token': token } }, (answer) => {
      answer
        .setEncoding('utf8')
        .toArray()
        .then((chunks) => {
          const text = chunks.join('');
          resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) });
        }, reject);
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

/** Asks until it is so, for as long as a slow machine may need. */
export async function until(isSo: () => Promise<boolean>, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > end) throw new Error('it did not come to be in time');
    await sleep(100);
  }
}

/** Taken and let go together, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => void server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => void server.close(resolve))));
  return ports;
}
