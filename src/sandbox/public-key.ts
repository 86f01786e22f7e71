import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { KeyturnError } from '../errors.ts';

/** The public half of a self-generated key. */
export interface PublicKey {
  /** SubjectPublicKeyInfo PEM, normalised. */
  pem: string;
  kind: 'RSA 2048' | 'RSA 4096' | 'Ed25519';
  /** Lower-case hex SHA-256 of the SPKI DER. */
  fingerprint: string;
}

const HINT = 'paste the SPKI PEM that starts with -----BEGIN PUBLIC KEY-----, made for RSA 2048, RSA 4096 or Ed25519';

/**
 * Reads a pasted public key: SPKI PEM, whose header and footer lines may be missing and whose line ends do not matter.
 * Throws `invalid`, and `refused` for a private key; neither message repeats what was pasted.
 */
export function parsePublicKey(pasted: string): PublicKey {
  if (pasted.trim() === '') throw new KeyturnError('invalid', 'the public key is missing', { hint: HINT });
  if (mentionsPrivateKey(pasted)) throw privateKeyPasted();
  const der = decode(pasted);
  if (isPrivateKey(der)) throw privateKeyPasted();
  const key = open(der);
  const spki = key.export({ format: 'der', type: 'spki' });
  return {
    pem: key.export({ format: 'pem', type: 'spki' }).toString(),
    kind: kindOf(key),
    fingerprint: createHash('sha256').update(spki).digest('hex'),
  };
}

/** True for any text with a private key's PEM label, whatever field it was pasted into. */
export const mentionsPrivateKey = (text: string): boolean => /PRIVATE\s+KEY/i.test(text);

export const privateKeyPasted = (): KeyturnError =>
  new KeyturnError('refused', 'this is a private key; it was not stored', {
    hint: 'treat it as exposed: make a new pair and paste its public half',
  });

function decode(pasted: string): Buffer {
  const text = pasted
    .trim()
    .replace(/^-----BEGIN PUBLIC KEY-----/, '')
    .replace(/-----END PUBLIC KEY-----$/, '')
    .replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw notAPublicKey();
  return Buffer.from(text, 'base64');
}

/** Recognised by structure too, because a header line is easily lost in copying. */
function isPrivateKey(der: Buffer): boolean {
  return (['pkcs8', 'pkcs1'] as const).some((type) => {
    try {
      createPrivateKey({ key: der, format: 'der', type });
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
    }
  });
}

function open(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    throw notAPublicKey();
  }
}

function kindOf(key: KeyObject): PublicKey['kind'] {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (key.asymmetricKeyType === 'ed25519') return 'Ed25519';
  if (key.asymmetricKeyType === 'rsa' && bits === 2048) return 'RSA 2048';
  if (key.asymmetricKeyType === 'rsa' && bits === 4096) return 'RSA 4096';
  const found = `${key.asymmetricKeyType}${bits === undefined ? '' : ` with ${bits} bits`}`;
  throw new KeyturnError('invalid', `a key of type ${found} is not accepted`, { hint: HINT });
}

const notAPublicKey = () => new KeyturnError('invalid', 'this is not a public key', { hint: HINT });
