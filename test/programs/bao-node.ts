import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program } from './program.ts';

/** One OpenBao process: raft storage in a folder, TLS, audit file on. Neither initialised nor unsealed. */
export interface BaoNode {
  /** `https://127.0.0.1:…` */
  address: string;
  /** Parsed body and status, whatever that is. */
  ask(method: string, path: string, body?: object, token?: string): Promise<{ status: number; body: unknown }>;
  /** The same, throwing for any status but 2xx. */
  api(method: string, path: string, body?: object, token?: string): Promise<unknown>;
  /** Ends when it serves, as leader or standby. */
  unseal(key: string): Promise<void>;
  audit(): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface NodeOptions {
  folder: string;
  name: string;
  /** PEM files. */
  tls: { ca: string; key: string; certificate: string };
}

export async function launch({ folder, name, tls }: NodeOptions): Promise<BaoNode> {
  const [port, clusterPort] = await freePorts(2);
  const address = `https://127.0.0.1:${port}`;
  const at = (file: string) => join(folder, name, file);
  await mkdir(at('data'), { recursive: true });
  await writeFile(
    at('bao.hcl'),
    `api_addr = "${address}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
storage "raft" {
  path = "${at('data')}"
  node_id = "${name}"
  performance_multiplier = 1
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  cluster_address = "127.0.0.1:${clusterPort}"
  tls_cert_file = "${tls.certificate}"
  tls_key_file = "${tls.key}"
}
audit "file" "file" {
  options {
    file_path = "audit.log"
  }
}
`,
  );
  // Audit devices belong to the cluster: a path of one node’s own would keep the others from becoming leader.
  const server = spawn(program('bao'), ['server', '-config=bao.hcl'], { cwd: join(folder, name), stdio: 'ignore' });
  const ended = once(server, 'exit');
  const agent = new Agent({ keepAlive: true, ca: await readFile(tls.ca) });
  const node: BaoNode = {
    address,
    ask: (method, path, body, token = '') => exchange(agent, `${address}/v1/${path}`, method, token, body),
    async api(method, path, body, token) {
      const answer = await node.ask(method, path, body, token);
      if (answer.status < 300) return answer.body;
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    },
    async unseal(key) {
      await node.api('POST', 'sys/unseal', { key });
      await until(async () => (await node.ask('GET', 'sys/health?standbyok=true')).status === 200);
    },
    audit: () => readFile(at('audit.log'), 'utf8'),
    async stop(signal) {
      agent.destroy();
      server.kill(signal);
      await ended;
    },
  };
  try {
    await until(async () => (await node.ask('GET', 'sys/seal-status')).status === 200);
    return node;
  } catch (error) {
    await node.stop('SIGKILL');
    throw error;
  }
}

/** Makes this node the first of a cluster, with one key. */
export async function initialise(node: BaoNode): Promise<{ unsealKey: string; root: string }> {
  const made = await node.api('POST', 'sys/init', { secret_shares: 1, secret_threshold: 1 });
  const { keys_base64, root_token } = made as { keys_base64: [string]; root_token: string };
  const [unsealKey] = keys_base64;
  await node.unseal(unsealKey);
  await until(async () => (await node.ask('GET', 'sys/health')).status === 200);
  await node.api('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } }, root_token);
  // A new engine answers for a moment that it is being upgraded.
  await until(async () => (await node.ask('GET', 'secret/config', undefined, root_token)).status === 200);
  return { unsealKey, root: root_token };
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
async function freePorts(count: number): Promise<number[]> {
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
