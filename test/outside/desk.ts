import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { aFolder, keyturn } from '../cli/keyturn.ts';

/** A desk whose key is turned over by the built command, at the simulator in a process of its own. */
export interface Desk {
  /** Where the sandbox listens. */
  url: string;
  /** The folder applications read their key from, and the identity that opens it. */
  key: string;
  identity: string;
  /** Makes the next pair, and asks for its registration. */
  makesNext(): Promise<void>;
  /** The same where it was not done yet, registers it as a person does at the page, hands the id in, and promotes. */
  turnsOver(): Promise<void>;
  /** Waits for the overlap to end, and deletes the previous key at the page. */
  deletesPrevious(): Promise<void>;
  /** The passes that prove the deletion and erase the private half. */
  proves(): Promise<void>;
  /** The standard output of a command; throws where it failed. */
  run(...args: string[]): Promise<string>;
  /** The folder an application has that kept a copy of what `current` is now. */
  keeps(): Promise<string>;
  close(): Promise<void>;
}

const OVERLAP_MS = 1_000;

/** Where the desk keeps its key. */
export interface Custody {
  account: string;
  /** Stores of keyturn.yaml, by name. */
  stores: Record<string, object>;
  /** The one the policy names, and what it says of passphrases. */
  store: string;
  passphrase: 'required' | { store: string };
  /** What keyturn needs in its environment for them. */
  env: NodeJS.ProcessEnv;
}

const EMBEDDED: Custody = { account: 'desk', stores: {}, store: 'local', passphrase: 'required', env: {} };

export async function aDesk(algorithm: string, custody: Custody = EMBEDDED): Promise<Desk> {
  const { folder, close } = await aFolder();
  const id = `${custody.account}/spot`;
  const key = join(folder, '.keyturn/store', id);
  const run = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await keyturn(args, { cwd: folder, env: custody.env });
    if (status !== 0) throw new Error(`keyturn ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`);
    return stdout;
  };

  await run('init', '--account', custody.account);
  const sandbox = spawn(process.execPath, [resolve('dist/main.js'), 'sandbox', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(sandbox, 'exit');
  const url = await addressOf(sandbox);
  await writeFile(join(folder, 'policies', `${custody.account}.yaml`), policy(algorithm, custody));
  await writeFile(join(folder, 'keyturn.yaml'), configuration(url, custody));

  const task = async (kind: 'register' | 'delete') => {
    const { tasks } = JSON.parse(await run('tasks', '-o', 'json'));
    const open = tasks.find((each: { kind: string }) => each.kind === kind);
    if (open === undefined) throw new Error(`no task to ${kind} a key is open`);
    return open;
  };
  const atThePage = async (action: string, fields: Record<string, string>): Promise<{ apiKey: string }> => {
    const body = new URLSearchParams(fields);
    const headers = { accept: 'application/json' };
    const answer = await fetch(`${url}/en/my/settings/api-management/${action}`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`the page answered ${action} with ${answer.status}`);
    return (await answer.json()) as { apiKey: string };
  };

  return {
    url,
    key,
    identity: join(folder, '.keyturn/identity.txt'),
    run,
    async makesNext() {
      await run('apply');
    },
    async turnsOver() {
      await run('apply');
      const { label, publicKey, ipAllowlist } = await task('register');
      const { apiKey } = await atThePage('create', {
        label,
        publicKey,
        enableReading: 'on',
        enableSpotAndMarginTrading: 'on',
        ipRestrict: 'on',
        ipAllowlist: ipAllowlist.join(','),
      });
      await run('register', id, apiKey);
      await run('apply');
    },
    async deletesPrevious() {
      await sleep(OVERLAP_MS);
      await run('apply');
      const { apiKey } = await task('delete');
      await atThePage('delete', { apiKey });
    },
    async proves() {
      await run('apply');
      await run('apply');
    },
    async keeps() {
      const kept = join(folder, 'kept');
      await cp(join(key, 'current'), join(kept, 'current'), { recursive: true, dereference: true });
      return kept;
    },
    async close() {
      sandbox.kill('SIGINT');
      await ended;
      await close();
    },
  };
}

const policy = (algorithm: string, { account, store, passphrase }: Custody) => `apiVersion: keyturn/v1
account: ${account}
venue: exchange
store: ${store}
defaults:
  algorithm: ${algorithm}
  ipAllowlist: [127.0.0.1]
  passphrase: ${JSON.stringify(passphrase)}
  schedule: { overlap: ${OVERLAP_MS / 1000}s }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`;

const configuration = (url: string, { stores }: Custody) => `apiVersion: keyturn/v1
stores: ${JSON.stringify(stores)}
venues: { exchange: { kind: binance, baseUrl: "${url}", proof: { groups: 2, apart: 0s } } }
`;

/** The first line that `keyturn sandbox` prints ends with it. */
async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the sandbox has no standard output');
  for await (const line of createInterface(stdout)) return line.split(' ').at(-1) ?? '';
  throw new Error('the sandbox ended without a word');
}
