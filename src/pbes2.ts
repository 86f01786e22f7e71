import { createCipheriv, createPrivateKey, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { KeyturnError } from './errors.ts';
import type { Secret } from './secret.ts';

/**
 * PKCS#8 under a passphrase a person chose. Node’s own export derives the cipher key with 2048 iterations and has no option for
 * more, which such a passphrase does not bear; so the few bytes of PBES2 (RFC 8018, appendix A) are written here.
 */

const deriveKey = promisify(pbkdf2);

/** OWASP’s figure for PBKDF2-HMAC-SHA256; about a tenth of a second. */
const ITERATIONS = 600_000;

/**
 * `ENCRYPTED PRIVATE KEY` PEM of an unencrypted PKCS#8 DER: PBKDF2-HMAC-SHA256 with 600,000 iterations and a 16-byte salt,
 * AES-256-CBC. OpenSSL, Python and Java open it. It was opened again and compared before this returns; throws `corrupt`
 * where that fails.
 */
export async function encryptPkcs8(pkcs8: Buffer, passphrase: Secret): Promise<string> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const cipher = createCipheriv(
    'aes-256-cbc',
    await deriveKey(passphrase.reveal(), salt, ITERATIONS, 32, 'sha256'),
    iv,
  );
  const ciphertext = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  const derivation = sequence(OID.pbkdf2, sequence(octets(salt), integer(ITERATIONS), sequence(OID.hmacSha256, NULL)));
  const scheme = sequence(OID.pbes2, sequence(derivation, sequence(OID.aes256Cbc, octets(iv))));
  const pem = pemOf(sequence(scheme, octets(ciphertext)));
  if (!opens(pem, passphrase, pkcs8)) {
    throw new KeyturnError('corrupt', 'the encrypted private key does not open again with its passphrase', {
      hint: 'check this machine’s memory and its OpenSSL; the key was not used',
    });
  }
  return pem;
}

function opens(pem: string, passphrase: Secret, pkcs8: Buffer): boolean {
  try {
    const opened = createPrivateKey({ key: pem, passphrase: passphrase.reveal() });
    return opened.export({ type: 'pkcs8', format: 'der' }).equals(pkcs8);
  } catch {
    return false;
  }
}

/** Tag, length, content. Lengths from 128 on are written as the count of their bytes, then the bytes. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = bigEndian(content.length);
  const length = content.length < 0x80 ? [content.length] : [0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);
const octets = (bytes: Buffer): Buffer => der(0x04, bytes);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
/** Good for values whose first bit is not set, which would read as a sign; 600,000 is 0x0927c0. */
const integer = (value: number): Buffer => der(0x02, Buffer.from(bigEndian(value)));
const NULL = der(0x05);

function bigEndian(value: number): number[] {
  const rest = Math.floor(value / 256);
  return [...(rest > 0 ? bigEndian(rest) : []), value % 256];
}

const OID = {
  /** 1.2.840.113549.1.5.13 */
  pbes2: oid('2a864886f70d01050d'),
  /** 1.2.840.113549.1.5.12 */
  pbkdf2: oid('2a864886f70d01050c'),
  /** 1.2.840.113549.2.9 */
  hmacSha256: oid('2a864886f70d0209'),
  /** 2.16.840.1.101.3.4.1.42 */
  aes256Cbc: oid('60864801650304012a'),
};

function pemOf(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN ENCRYPTED PRIVATE KEY-----', ...lines, '-----END ENCRYPTED PRIVATE KEY-----', ''].join('\n');
}
