import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program } from '../programs/index.ts';

/** OpenSSH’s own server as a process of an ordinary user, with a host key and an authorized_keys file of its own. */
export interface SshServer {
  port: number;
  user: string;
  /** `type base64`. */
  hostKey: string;
  /** Somebody edits authorized_keys. */
  edit(change: (lines: string[]) => string[]): void;
  close(): Promise<void>;
}

/** Like nobody, but no service of names calls it locked. */
const DAEMON = { uid: 1, gid: 1, name: 'daemon' };

export async function startSshServer(): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-sshd-'));
  const port = await freePort();
  const { uid, gid, username } = userInfo();
  // Root would be asked for system accounts and folders.
  const as = uid === 0 ? DAEMON : { uid, gid, name: username };
  const path = (file: string) => join(folder, file);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path('host')]);
  writeFileSync(path('authorized_keys'), '');
  writeFileSync(
    path('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${path('host')}`,
      `AuthorizedKeysFile ${path('authorized_keys')}`,
      'AuthenticationMethods publickey',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      'MaxStartups 100',
    ].join('\n'),
  );
  for (const file of ['', 'host', 'authorized_keys', 'sshd_config']) chownSync(path(file), as.uid, as.gid);
  const server = spawn(programFor(uid, path('program')), ['-D', '-e', '-f', path('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(uid === 0 ? { uid: as.uid, gid: as.gid } : {}),
  });
  let log = '';
  server.stderr.on('data', (chunk) => {
    log += chunk;
  });
  await answering(port, server, () => log);
  return {
    port,
    user: as.name,
    hostKey: readFileSync(path('host.pub'), 'utf8').split(' ').slice(0, 2).join(' '),
    edit(change) {
      const lines = readFileSync(path('authorized_keys'), 'utf8').split('\n').filter(Boolean);
      writeFileSync(
        path('authorized_keys'),
        change(lines)
          .map((line) => `${line}\n`)
          .join(''),
      );
    },
    async close() {
      server.kill();
      if (server.exitCode === null) await once(server, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}

/** What was fetched lies where root alone reads. */
function programFor(uid: number, folder: string): string {
  const fetched = program('sshd');
  if (uid !== 0 || fetched.startsWith('/usr/')) return fetched;
  cpSync(dirname(fetched), folder, { recursive: true, verbatimSymlinks: true });
  return join(folder, 'sshd');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answering(port: number, server: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; server.exitCode === null && tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await sleep(50);
  }
  throw new Error(`sshd does not answer: ${log()}`);
}
