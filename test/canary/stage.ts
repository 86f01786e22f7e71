import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { openDirectory } from '../../providers/stores/directory.ts';
import { aFolder, keyturn, type Ran, type RunOptions } from '../cli/keyturn.ts';
import { watchArguments } from './arguments.ts';
import { type Place, type Planted, planted, plantedKey } from './secrets.ts';

/** A folder in which keyturn is run as a real process, as talkative as it can be made, with a real sandbox as its venue. */
export interface Stage {
  folder: string;
  url: string;
  secrets: Planted[];
  /** Everything that was written so far, to be searched. */
  places: Place[];
  run: (args: string[], options?: RunOptions) => Promise<Ran>;
  succeeds: (...args: string[]) => Promise<void>;
  fails: (args: string[], options?: RunOptions) => Promise<void>;
  write: (file: string, text: string) => Promise<void>;
  post: (path: string, fields: Record<string, string>) => Promise<Response>;
  /** Opens whatever the store holds by now, before it is destroyed. */
  remember: () => Promise<void>;
  /** Does what the cards say, and hands the ids in. */
  person: () => Promise<void>;
  /** Ends the sandbox, and adds all files and argument lists to the places. */
  finish: () => Promise<void>;
  close: () => Promise<void>;
}

export const TOKEN = 'canary-token-in-the-environment-9Zk4';

export async function aStage(keys: readonly string[]): Promise<Stage> {
  const { folder, close } = await aFolder();
  await mkdir(join(folder, 'tmp'));
  const environment = {
    DEBUG: '*',
    NODE_DEBUG: 'http,https,net,tls,stream,fs,worker,child_process,crypto',
    HOME: folder,
    TMPDIR: join(folder, 'tmp'),
    CANARY_TOKEN: TOKEN,
  };
  const secrets: Planted[] = [planted('token in the environment', TOKEN)];
  const log: Place = { name: 'log of sandbox', text: '' };
  const places: Place[] = [log];
  const argumentLists = watchArguments();
  const { sandbox, url } = await startSandbox(folder, environment, log);

  const stage: Stage = {
    folder,
    url,
    secrets,
    places,
    async run(args, { env = {}, ...options } = {}) {
      const ran = await keyturn(['--log-level', 'trace', ...args], {
        cwd: folder,
        ...options,
        env: { ...environment, ...env },
      });
      const name = args.join(' ');
      places.push({ name: `output of ${name}`, text: ran.stdout }, { name: `errors of ${name}`, text: ran.stderr });
      return ran;
    },
    async succeeds(...args) {
      const { status, stderr } = await stage.run(args);
      expect({ args, status, stderr: status === 0 ? '' : stderr.slice(-500) }).toEqual({ args, status: 0, stderr: '' });
    },
    async fails(args, options) {
      expect((await stage.run(args, options)).status, args.join(' ')).not.toBe(0);
    },
    write: (file, text) => writeFile(join(folder, file), text, { mode: 0o600 }),
    post: (path, fields) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { accept: 'application/json' },
        body: new URLSearchParams(fields),
      }),
    async remember() {
      const { store } = openDirectory({ path: '.keyturn/store' }, { clock: { now: () => new Date() }, folder });
      for (const key of keys) {
        for (const generation of await store.listGenerations(key)) {
          const name = `${key} ${generation}`;
          const isLive = (await store.statMaterial(key, generation)).state === 'live';
          if (!isLive || secrets.some((secret) => secret.name === name)) continue;
          const { privateKey, passphrase } = await store.readMaterial(key, generation);
          const words = passphrase?.revealText() ?? '';
          secrets.push(plantedKey(name, privateKey.revealText(), words), planted(`passphrase of ${name}`, words));
        }
      }
    },
    async person() {
      const { tasks } = JSON.parse((await stage.run(['tasks', '-o', 'json'])).stdout) as { tasks: Card[] };
      for (const task of tasks) await obey(stage, task);
    },
    async finish() {
      sandbox.kill('SIGTERM');
      await once(sandbox, 'exit');
      argumentLists.end();
      for (const name of readdirSync(folder, { recursive: true }) as string[]) {
        const file = join(folder, name);
        if (statSync(file, { throwIfNoEntry: false })?.isFile())
          places.push({ name, text: readFileSync(file, 'latin1') });
      }
      places.push(...[...argumentLists.seen].map((text) => ({ name: 'an argument list', text })));
    },
    async close() {
      argumentLists.end();
      sandbox.kill('SIGKILL');
      await close();
    },
  };
  return stage;
}

async function startSandbox(
  folder: string,
  environment: NodeJS.ProcessEnv,
  log: Place,
): Promise<{ sandbox: ChildProcess; url: string }> {
  const args = ['--log-level', 'trace', 'sandbox', '--port', '0', '--state', 'sandbox.json'];
  const sandbox = spawn(process.execPath, [resolve('dist/main.js'), ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [sandbox.stdout, sandbox.stderr]) {
    stream.on('data', (chunk) => {
      log.text += chunk;
    });
  }
  while (!log.text.includes('listens on')) await once(sandbox.stdout, 'data');
  return { sandbox, url: /listens on (\S+)/.exec(log.text)?.[1] ?? '' };
}

interface Card {
  key: string;
  kind: string;
  label: string;
  publicKey: string;
  ipAllowlist: string[];
  apiKey?: string;
}

const PAGE = '/en/my/settings/api-management';

async function obey({ post, run }: Stage, { key, kind, label, publicKey, ipAllowlist, apiKey }: Card): Promise<void> {
  if (kind === 'delete') {
    await post(`${PAGE}/delete`, { apiKey: apiKey ?? '' });
    return;
  }
  const answer = await post(`${PAGE}/create`, {
    label,
    publicKey,
    enableReading: 'on',
    ...(key.endsWith('spot') ? { enableSpotAndMarginTrading: 'on' } : {}),
    ipAllowlist: ipAllowlist.join(','),
  });
  const created = (await answer.json()) as { apiKey: string };
  const { status } = await run(['register', key, '--key-id', '-'], { input: `${created.apiKey}\n` });
  expect(status).toBe(0);
}
