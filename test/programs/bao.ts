import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authority } from './authority.ts';
import { type BaoNode, initialise, launch, until } from './bao-node.ts';

/**
 * Real OpenBao in a temporary folder: TLS by an authority of its own, initialised and unsealed here, KV version 2 at
 * `secret/`. The root token is for setting things up; what is tested logs in under a policy.
 */
export interface Bao extends BaoNode {
  /** PEM file of the authority. */
  ca: string;
  folder: string;
  /** A token under this policy alone. */
  tokenFor(policy: string): Promise<string>;
  writePolicy(name: string, hcl: string): Promise<void>;
  /** After a seal. */
  reopen(): Promise<void>;
}

/** `ask` and `api` are root’s, unless they are given another token. */
export async function startBao(): Promise<Bao> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bao-'));
  const tls = await authority(folder);
  const node = await launch({ folder, name: 'one', tls });
  const stop = async () => {
    await node.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { ...asRoot(node, { ca: tls.ca, folder, ...(await initialise(node)) }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Opened {
  ca: string;
  folder: string;
  unsealKey: string;
  root: string;
}

function asRoot(node: BaoNode, { ca, folder, unsealKey, root }: Opened): Bao {
  const api: BaoNode['api'] = (method, path, body, token = root) => node.api(method, path, body, token);
  return {
    ...node,
    ca,
    folder,
    api,
    ask: (method, path, body, token = root) => node.ask(method, path, body, token),
    async tokenFor(policy) {
      const given = { policies: [policy], no_default_policy: true, ttl: '1h' };
      const { auth } = (await api('POST', 'auth/token/create', given)) as { auth: { client_token: string } };
      return auth.client_token;
    },
    async writePolicy(name, policy) {
      await api('PUT', `sys/policies/acl/${name}`, { policy });
    },
    async reopen() {
      await node.unseal(unsealKey);
      await until(async () => (await node.ask('GET', 'sys/health')).status === 200);
    },
  };
}

export interface BaoCluster {
  leader: Bao;
  standbys: BaoNode[];
  /** All nodes that still run. */
  stop(): Promise<void>;
}

/** Three nodes with raft storage between them. */
export async function startCluster(): Promise<BaoCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bao-'));
  const tls = await authority(folder);
  const nodes = await Promise.all(['one', 'two', 'three'].map((name) => launch({ folder, name, tls })));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [first, ...standbys] = nodes as [BaoNode, ...BaoNode[]];
    const keys = await initialise(first);
    const leader = asRoot(first, { ca: tls.ca, folder, ...keys });
    const invitation = { leader_api_addr: first.address, leader_ca_cert: await readFile(tls.ca, 'utf8') };
    for (const standby of standbys) {
      await standby.api('POST', 'sys/storage/raft/join', invitation);
      await standby.unseal(keys.unsealKey);
    }
    await until(async () => (await voters(leader)) === nodes.length);
    return { leader, standbys, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Nodes that count for the majority. */
async function voters(bao: Bao): Promise<number> {
  const answer = await bao.api('GET', 'sys/storage/raft/configuration');
  const { servers } = (answer as { data: { config: { servers: { voter: boolean }[] } } }).data.config;
  return servers.filter(({ voter }) => voter).length;
}
