import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { describeWith, program } from '../programs/index.ts';
import { aDesk, type Desk } from './desk.ts';
import { examplesOf } from './examples.ts';
import { type SshServer, startSshServer } from './ssh-server.ts';

/** The second example of docs/manual-venues.md, with OpenSSH’s own server and client. */

const KEY = 'build/releaser';
const { 'keyturn.yaml 2': documented = '', 'policies/deploy.yaml': policy = '' } = examplesOf('docs/manual-venues.md');

/** Made faster; the OpenSSH of many machines cannot read it as PEM. */
const ED25519 = ', algorithm: ed25519';

let server: SshServer;
let desk: Desk;

interface Setting {
  hostKey?: string;
  /** More fields of the venue and of the key. */
  venue?: string;
  key?: string;
}

async function begin({ hostKey, venue = '', key = '' }: Setting = {}) {
  server = await startSshServer();
  const configuration = documented
    .replace('host: build.internal', 'host: 127.0.0.1')
    .replace('port: 22', `port: ${server.port}`)
    .replace('user: deploy', `user: ${server.user}`)
    .replace(/hostKey: .*/, `hostKey: ${hostKey ?? server.hostKey}`)
    .replace('publicKey: openssh', `publicKey: openssh${venue}`);
  desk = await aDesk(KEY, { configuration, policy: policy.replace('owner: platform', `owner: platform${key}`) });
}

afterEach(async () => {
  await desk.close();
  await server.close();
});

async function registers(): Promise<string> {
  const { paste, label } = await desk.task('register');
  server.edit((lines) => [...lines, paste]);
  await desk.register(label);
  return label;
}

const remove = (label: string) => server.edit((lines) => lines.filter((line) => !line.endsWith(` ${label}`)));

const ESTABLISHED = ['verify done verified', 'promote done promoted'];

async function replaced(): Promise<[string, string]> {
  await desk.apply();
  const first = await registers();
  expect(await desk.apply()).toEqual(ESTABLISHED);
  expect((await desk.run('rotate', KEY, '--reason', 'test')).status).toBe(0);
  await desk.apply();
  const second = await registers();
  expect(await desk.apply()).toEqual([...ESTABLISHED, 'revoke waiting deletion-asked', 'prove waiting still-works']);
  return [first, second];
}

/** What ssh says with the PEM and passphrase that applications read. */
function sshWith(delivered: { pem: string; passphrase: string }): string {
  const ask = join(desk.folder, 'ask');
  writeFileSync(ask, `#!/bin/sh\ncat ${delivered.passphrase}\n`, { mode: 0o700 });
  const options = [
    '-F',
    'none',
    '-o',
    'IdentitiesOnly=yes',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'PreferredAuthentications=publickey',
  ];
  const words = ['-v', ...options, '-i', delivered.pem, '-p', `${server.port}`, `${server.user}@127.0.0.1`, 'true'];
  const env = { PATH: process.env.PATH, HOME: desk.folder, SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: 'force' };
  return spawnSync(program('ssh'), words, { env, encoding: 'utf8' }).stderr;
}

function delivered(name: string): { pem: string; passphrase: string } {
  const current = join(desk.folder, '.keyturn/store', KEY, 'current');
  const read = (file: string) =>
    execFileSync(program('age'), ['-d', '-i', join(desk.folder, '.keyturn/identity.txt'), join(current, file)]);
  const files = { pem: join(desk.folder, `${name}.pem`), passphrase: join(desk.folder, `${name}.txt`) };
  writeFileSync(files.pem, read('key.pem.age'), { mode: 0o600 });
  writeFileSync(files.passphrase, read('passphrase.txt.age'), { mode: 0o600 });
  return files;
}

describeWith(['ssh', 'sshd', 'age'], 'a server that people give public keys', () => {
  it('takes a key from the card to a proven deletion; ssh logs in with the new one and no more with the old one', async () => {
    await begin();
    await desk.apply();
    const first = await registers();
    expect((await desk.verdict('next')).message).toBe(
      'generation 1 works; unproven, because the venue does not show it: that it may read, that it may do nothing else',
    );
    expect(await desk.apply()).toEqual(['promote done promoted']);
    const old = delivered('old');
    expect(sshWith(old)).toContain('Authenticated to 127.0.0.1');
    await desk.run('rotate', KEY, '--reason', 'test');
    await desk.apply();
    await registers();
    expect(await desk.apply()).toEqual([...ESTABLISHED, 'revoke waiting deletion-asked', 'prove waiting still-works']);
    remove(first);
    expect(await desk.apply()).toEqual(['prove waiting seen-dead']);
    expect(await desk.apply()).toEqual(['prove done proven-dead', 'destroy done destroyed']);
    expect(sshWith(delivered('new'))).toContain('Authenticated to 127.0.0.1');
    expect(sshWith(old)).toContain('Permission denied (publickey)');
  });

  it('says nothing of any key while the server shows another host key than the pinned one', async () => {
    await begin({
      hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL6bCkXMDSlsPNsDWkJpx9CN6PzaTjlXXy3F1KJ0pZ0u',
      key: ED25519,
    });
    await desk.apply();
    await registers();
    expect(await desk.apply()).toEqual(['verify failed other-server']);
    expect(await desk.verdict('next')).toMatchObject({ verdict: 'inconclusive', reason: 'other-server' });
  });

  it('cannot tell a line that is gone from one that is limited to other addresses: a person attests', async () => {
    await begin({ venue: '\n    limits: { allowlistEntries: 10 }', key: `, ipAllowlist: [127.0.0.1]${ED25519}` });
    const [first] = await replaced();
    const limit = (line: string) =>
      line.endsWith(` ${first}`) ? line.replace('from="127.0.0.1"', 'from="203.0.113.9"') : line;
    server.edit((lines) => lines.map(limit));
    expect(await desk.apply()).toEqual(['prove waiting controls-alike']);
    remove(first);
    expect(await desk.apply()).toEqual(['prove waiting controls-alike']);
    expect((await desk.run('attest', KEY, '--reason', 'removed the line')).status).toBe(0);
    expect(await desk.apply()).toEqual(['destroy done destroyed']);
  });
});
