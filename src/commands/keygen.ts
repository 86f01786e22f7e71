import { createHash, generateKeyPair, type KeyObject } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Algorithm } from '../core/policy.ts';
import { alreadyThere, createOnce } from '../create-once.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { encryptPkcs8 } from '../pbes2.ts';
import type { Secret } from '../secret.ts';
import { type CommandIo, printJson } from './io.ts';
import { type PassphraseOptions, passphraseFrom } from './passphrase.ts';

export interface KeygenOptions extends PassphraseOptions {
  type: Algorithm;
  /** Base path: `NAME.pem` and `NAME.pub.pem` are written. */
  out?: string | undefined;
  /** The private key to standard output, everything else to standard error, no files. */
  stdout?: boolean | undefined;
  /** The public key to the clipboard. */
  copy?: boolean | undefined;
  output: 'text' | 'json';
}

/** One pair, and where its halves went; null where they went to standard output. */
interface Made {
  algorithm: Algorithm;
  encrypted: boolean;
  /** SPKI PEM, and lower-case hex SHA-256 of its DER. */
  publicKey: string;
  fingerprint: string;
  files: { privateKey: string; publicKey: string } | null;
}

/** One key pair for a person, outside of policies and stores: PKCS#8 and SPKI PEM, as the generators of exchanges write them. */
export async function keygen(options: KeygenOptions, io: CommandIo): Promise<ExitStatus> {
  const files = options.stdout ? null : await freeNames(options.out ?? 'keyturn-key');
  const passphrase = await passphraseFrom(options, io);
  const { type: algorithm } = options;
  io.terminal.progress(`generating ${algorithm}`);
  const pair = await generate(algorithm);
  const privatePem = await privatePemOf(pair.privateKey, passphrase);
  io.terminal.progress(null);

  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const made = {
    algorithm,
    encrypted: passphrase !== null,
    publicKey,
    fingerprint: fingerprintOf(pair.publicKey),
    files,
  };
  if (files === null) {
    io.stdout.write(privatePem);
    io.stderr.write(describe(made));
  } else {
    await createOnce([
      { path: files.privateKey, text: privatePem, mode: 0o600 },
      { path: files.publicKey, text: publicKey, mode: 0o644 },
    ]);
    if (options.output === 'json') printJson(io, made);
    else io.stdout.write(describe(made));
  }
  if (options.copy) copy(publicKey, io);
  return EXIT.OK;
}

/** Looked at before a person types a passphrase twice and waits for a large key. */
async function freeNames(base: string): Promise<{ privateKey: string; publicKey: string }> {
  if (/(^|[\\/])-?$/.test(base)) {
    throw new KeyturnError('usage', `--out needs a name, not "${base}"`, {
      hint: '--out NAME writes NAME.pem and NAME.pub.pem; --stdout writes the private key to standard output',
    });
  }
  const files = { privateKey: `${base}.pem`, publicKey: `${base}.pub.pem` };
  for (const path of Object.values(files)) if (await isTaken(path)) throw alreadyThere(path);
  return files;
}

const isTaken = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

const generatePair = promisify(generateKeyPair);

function generate(algorithm: Algorithm): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  if (algorithm === 'ed25519') return generatePair('ed25519');
  return generatePair('rsa', { modulusLength: { 'rsa-2048': 2048, 'rsa-3072': 3072, 'rsa-4096': 4096 }[algorithm] });
}

async function privatePemOf(privateKey: KeyObject, passphrase: Secret | null): Promise<string> {
  return passphrase === null
    ? privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    : encryptPkcs8(privateKey.export({ type: 'pkcs8', format: 'der' }), passphrase);
}

const fingerprintOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');

function describe({ publicKey, fingerprint, encrypted, files }: Made): string {
  const protection = encrypted ? 'opens with your passphrase' : 'NOT encrypted: whoever reads it has the key';
  return [
    publicKey.trimEnd(),
    '',
    `fingerprint  SHA-256 ${fingerprint}`,
    ...(files ? [`public key   ${files.publicKey}`] : []),
    `private key  ${files?.privateKey ?? 'standard output'}, ${protection}`,
    '',
    'Next: register the public key at the venue (Binance: API Management, Create API, Self-generated), paste it whole,',
    'and restrict the new key to your addresses before you let it trade. The private key never goes there.',
    '',
  ].join('\n');
}

function copy(publicKey: string, { terminal, stderr }: CommandIo): void {
  const said = terminal.copy(publicKey)
    ? 'the public key is on the clipboard'
    : 'the public key was not copied, because standard error is not a terminal';
  stderr.write(`keyturn: ${said}\n`);
}
