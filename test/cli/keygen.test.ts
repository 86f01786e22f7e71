import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { itWith, program } from '../programs/index.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** What a person gets is opened and used by the openssl command. */

const PASSPHRASE = 'Grüße aus der Höhle';

let here: Awaited<ReturnType<typeof aFolder>>;
let folder: string;

beforeEach(async () => {
  here = await aFolder();
  folder = here.folder;
  writeFileSync(join(folder, 'passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 });
});
afterEach(() => here.close());

const keygen = (args: string[], input = '') => keyturn(['keygen', ...args], { cwd: folder, input });
const encrypted = (...args: string[]) => keygen(['--passphrase-file', 'passphrase', ...args]);
const openssl = (...args: string[]) =>
  execFileSync(program('openssl'), args, { cwd: folder, stdio: 'pipe' }).toString();
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777;
/** Everything but the file the passphrase is in. */
const files = () =>
  readdirSync(folder)
    .filter((name) => name !== 'passphrase')
    .sort();

describe('a pair for a person', () => {
  itWith(
    ['openssl'],
    'is an encrypted RSA-2048 pair where nothing else is said, and openssl signs and verifies with it',
    async () => {
      const { status, stdout, stderr } = await encrypted();
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(files()).toEqual(['keyturn-key.pem', 'keyturn-key.pub.pem']);
      expect(read('keyturn-key.pem')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      const opened = ['keyturn-key.pem', '-passin', 'file:passphrase'];
      expect(openssl('pkey', '-in', ...opened, '-noout', '-text')).toMatch(/2048 bit/);
      expect(openssl('pkey', '-in', ...opened, '-pubout')).toBe(read('keyturn-key.pub.pem'));

      openssl('dgst', '-sha256', '-sign', ...opened, '-out', 'signature', 'passphrase');
      expect(
        openssl('dgst', '-sha256', '-verify', 'keyturn-key.pub.pem', '-signature', 'signature', 'passphrase'),
      ).toMatch(/Verified OK/);
      expect(stdout).not.toContain('PRIVATE');
    },
  );

  it('is private by its mode', async () => {
    await encrypted();
    expect(modeOf('keyturn-key.pem')).toBe(0o600);
    expect(modeOf('keyturn-key.pub.pem') & 0o444).toBe(0o444 & ~process.umask());
  });

  it('is announced with its public key, its fingerprint and what comes next', async () => {
    const { stdout } = await encrypted();
    const der = createPublicKey(read('keyturn-key.pub.pem')).export({ type: 'spki', format: 'der' });
    expect(stdout.startsWith(read('keyturn-key.pub.pem'))).toBe(true);
    expect(stdout).toContain(`SHA-256 ${createHash('sha256').update(der).digest('hex')}`);
    expect(stdout).toMatch(/Next: register the public key/);
  });

  it('may lie in another folder, under another name', async () => {
    expect((await keygen(['--no-passphrase', '--type', 'ed25519', '--out', join(folder, 'desk')])).status).toBe(0);
    expect(files()).toEqual(['desk.pem', 'desk.pub.pem']);
  });

  it('is told to programs as JSON', async () => {
    const { stdout } = await encrypted('--type', 'ed25519', '-o', 'json');
    const said = z
      .strictObject({
        formatVersion: z.literal(1),
        algorithm: z.literal('ed25519'),
        encrypted: z.literal(true),
        publicKey: z.literal(read('keyturn-key.pub.pem')),
        fingerprint: z.hash('sha256'),
        files: z.strictObject({
          privateKey: z.literal('keyturn-key.pem'),
          publicKey: z.literal('keyturn-key.pub.pem'),
        }),
      })
      .safeParse(JSON.parse(stdout));
    expect(said.error).toBeUndefined();
  });
});

const TYPES: Record<string, RegExp> = {
  'rsa-3072': /3072 bit/,
  'rsa-4096': /4096 bit/,
  ed25519: /ED25519/i,
};

describe('--type', () => {
  for (const [type, text] of Object.entries(TYPES)) {
    itWith(['openssl'], type, async () => {
      expect((await encrypted('--type', type)).status).toBe(0);
      expect(openssl('pkey', '-in', 'keyturn-key.pem', '-passin', 'file:passphrase', '-noout', '-text')).toMatch(text);
    });
  }
});

describe('the passphrase', () => {
  itWith(['openssl'], 'comes from the first line of standard input', async () => {
    expect((await keygen(['--passphrase-stdin', '--type', 'ed25519'], `${PASSPHRASE}\nnot this\n`)).status).toBe(0);
    openssl('pkey', '-in', 'keyturn-key.pem', '-passin', 'file:passphrase', '-noout');
  });

  itWith(['openssl'], 'may be as long as openssl reads', async () => {
    writeFileSync(join(folder, 'passphrase'), 'a'.repeat(1023));
    expect((await encrypted('--type', 'ed25519')).status).toBe(0);
    openssl('pkey', '-in', 'keyturn-key.pem', '-passin', 'file:passphrase', '-noout');
  });

  it('is left out only on demand, and that is said', async () => {
    const { stdout } = await keygen(['--no-passphrase', '--type', 'ed25519']);
    expect(read('keyturn-key.pem')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(stdout).toMatch(/NOT encrypted/);
  });

  it('is never printed', async () => {
    const { stdout, stderr } = await encrypted('--type', 'ed25519', '--log-level', 'trace');
    expect(stdout + stderr).not.toContain(PASSPHRASE);
  });
});

describe('--stdout', () => {
  itWith(['openssl'], 'writes the private key and nothing else there, and no files', async () => {
    const { status, stdout, stderr } = await encrypted('--stdout', '--type', 'ed25519');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n[\w+/=\n]+-----END ENCRYPTED PRIVATE KEY-----\n$/);
    expect(files()).toEqual([]);
    writeFileSync(join(folder, 'piped.pem'), stdout);
    const publicKey = openssl('pkey', '-in', 'piped.pem', '-passin', 'file:passphrase', '-pubout');
    expect(stderr.startsWith(publicKey)).toBe(true);
  });
});

describe('--copy', () => {
  it('says why it did not, where no terminal is', async () => {
    const { status, stderr } = await keygen(['--no-passphrase', '--type', 'ed25519', '--copy']);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'keyturn: the public key was not copied, because standard error is not a terminal\n',
    });
  });
});

/** What stands before, the arguments, and what is said. Standard input is empty. */
interface Refusal {
  before?: () => void;
  args: string[];
  says: RegExp;
}

const passphraseFile = (bytes: string | Buffer) => () => writeFileSync(join(folder, 'passphrase'), bytes);
const WITH_FILE = ['--passphrase-file', 'passphrase'];

const REFUSED: Record<string, Refusal> = {
  'no passphrase and nobody to ask': {
    args: [],
    says: /a passphrase is missing.*\n.*--passphrase-file FILE, --passphrase-stdin, or --no-passphrase/,
  },
  'a private key that is there': {
    before: () => writeFileSync(join(folder, 'keyturn-key.pem'), 'mine'),
    args: WITH_FILE,
    says: /keyturn-key\.pem is there already and was left as it is/,
  },
  'a public key that is there': {
    before: () => writeFileSync(join(folder, 'keyturn-key.pub.pem'), 'mine'),
    args: WITH_FILE,
    says: /keyturn-key\.pub\.pem is there already/,
  },
  'a folder that is not there': {
    args: [...WITH_FILE, '--out', 'nowhere/key'],
    says: /nowhere\/key\.pem cannot be created \(ENOENT\)/,
  },
  'a folder instead of a name': { args: [...WITH_FILE, '--out', 'keys/'], says: /--out needs a name, not "keys\/"/ },
  'standard output as a name': { args: [...WITH_FILE, '--out', '-'], says: /--stdout writes the private key/ },
  'an empty passphrase file': { before: passphraseFile('\n'), args: WITH_FILE, says: /from passphrase is empty/ },
  'an empty standard input': { args: ['--passphrase-stdin'], says: /from standard input is empty/ },
  'a passphrase of several lines': { before: passphraseFile('a\nb\n'), args: WITH_FILE, says: /more than one line/ },
  'a passphrase with Windows line ends': { before: passphraseFile('a\r\n'), args: WITH_FILE, says: /Windows/ },
  'a passphrase in Latin-1': {
    before: passphraseFile(Buffer.from('Gr\u00fcn', 'latin1')),
    args: WITH_FILE,
    says: /is not UTF-8/,
  },
  'a passphrase openssl would cut off': {
    before: passphraseFile('a'.repeat(1024)),
    args: WITH_FILE,
    says: /is longer than 1023 bytes/,
  },
  'a passphrase file others may read': {
    before: () => chmodSync(join(folder, 'passphrase'), 0o640),
    args: WITH_FILE,
    says: /passphrase can be read by others \(mode 640\)\n.*chmod 600 passphrase/,
  },
  'a passphrase file that is not there': {
    args: ['--passphrase-file', 'nothing'],
    says: /nothing does not exist/,
  },
  'a folder as passphrase file': {
    args: ['--passphrase-file', '.'],
    says: /\. cannot be read \(EISDIR\)/,
  },
  'a passphrase from two sources': {
    args: [...WITH_FILE, '--passphrase-stdin'],
    says: /'--passphrase-file <file>' cannot be used with option '--passphrase-stdin'/,
  },
  'a passphrase and none': {
    args: ['--passphrase-stdin', '--no-passphrase'],
    says: /cannot be used with option '--no-passphrase'/,
  },
  'files and standard output': {
    args: [...WITH_FILE, '--stdout', '--out', 'x'],
    says: /'--stdout' cannot be used with option '--out <name>'/,
  },
  'JSON where the private key goes': {
    args: [...WITH_FILE, '--stdout', '-o', 'json'],
    says: /'--stdout' cannot be used with option '-o, --output <format>'/,
  },
  'a size no venue takes': { args: ['--type', 'rsa-1024'], says: /rsa-2048, rsa-3072, rsa-4096, ed25519/ },
};

describe('refused with status 64, and nothing is written or changed', () => {
  for (const [title, { before, args, says }] of Object.entries(REFUSED)) {
    it(title, async () => {
      before?.();
      const there = files().map((name) => [name, read(name)]);
      const { status, stdout, stderr } = await keygen(args);
      expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
      expect(stderr).toMatch(says);
      expect(stderr).toMatch(/^keyturn: error: /);
      expect(files().map((name) => [name, read(name)])).toEqual(there);
    });
  }
});
