import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { keyturn } from '../cli/keyturn.ts';

/** A folder with a policy and a venue, and `keyturn serve` in it as a real process that is watched over HTTP and by its log. */

export interface Line {
  event: string;
  [field: string]: unknown;
}

export interface Daemon {
  process: ChildProcessWithoutNullStreams;
  url: string;
  lines: Line[];
  /** The first line of this kind, already logged or yet to come. */
  line(event: string, after?: number): Promise<Line>;
  get(path: string): Promise<{ status: number; text: string }>;
  /** Exit status, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
}

export interface Desk {
  folder: string;
  sandbox: Sandbox;
  /** Runs a command of keyturn in the folder. */
  run(...args: string[]): ReturnType<typeof keyturn>;
  configure(serve: string, more?: string): Promise<void>;
  policy(key: string): Promise<void>;
  serve(...args: string[]): Promise<Daemon>;
  close(): Promise<void>;
}

const POLICY = (key: string) => `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a${key} }]
`;

export async function aDesk(): Promise<Desk> {
  const sandbox = await startSandbox({ port: 0, stateFile: null });
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-serve-'));
  const daemons: Daemon[] = [];
  const desk: Desk = {
    folder,
    sandbox,
    run: (...args) => keyturn(args, { cwd: folder }),
    configure: (serve, more = '') =>
      writeFile(
        join(folder, 'keyturn.yaml'),
        `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${sandbox.url}" } }\nserve: { ${serve} }\n${more}`,
      ),
    policy: (key) => writeFile(join(folder, 'policies/desk.yaml'), POLICY(key)),
    async serve(...args) {
      const daemon = start(folder, args);
      daemons.push(daemon);
      daemon.url = String((await daemon.line('started')).url);
      return daemon;
    },
    async close() {
      for (const { process } of daemons) process.kill('SIGKILL');
      await Promise.all(daemons.map(({ ended }) => ended));
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await desk.run('init', '--account', 'desk');
  await desk.policy('');
  await desk.configure('listen: "127.0.0.1:0"');
  return desk;
}

function start(cwd: string, args: readonly string[]): Daemon {
  const { CI: _ci, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(process.execPath, [resolve('dist/main.js'), 'serve', ...args], { cwd, env });
  const lines: Line[] = [];
  let rest = '';
  child.stderr.on('data', (chunk) => {
    const [last = '', ...whole] = `${rest}${chunk}`.split('\n').toReversed();
    rest = last;
    lines.push(...whole.toReversed().map((line) => JSON.parse(line) as Line));
  });
  const daemon: Daemon = {
    process: child,
    url: '',
    lines,
    async line(event, after = 0) {
      for (;;) {
        const found = lines.slice(after).find((line) => line.event === event);
        if (found) return found;
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended without ${event}: ${rest}`);
        await sleep(20);
      }
    },
    async get(path) {
      const response = await fetch(`${daemon.url}${path}`);
      return { status: response.status, text: await response.text() };
    },
    ended: once(child, 'close').then(([status, signal]) => status ?? signal),
  };
  return daemon;
}
