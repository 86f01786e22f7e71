import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { KeyturnError } from '../errors.ts';

export type Kind = 'RSA 2048' | 'RSA 3072' | 'RSA 4096' | 'Ed25519';

/** The public half of a self-generated key. */
export interface PublicKey {
  /** SubjectPublicKeyInfo PEM, normalised. */
  pem: string;
  kind: Kind;
  /** Lower-case hex SHA-256 of the SPKI DER. */
  fingerprint: string;
}

const hintFor = (kinds: readonly Kind[]): string =>
  `paste the SPKI PEM that starts with -----BEGIN PUBLIC KEY-----, made for ${inWords(kinds)}`;

/** `RSA 2048, RSA 4096 or Ed25519` */
export const inWords = (kinds: readonly Kind[]): string =>
  new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(kinds);

/**
 * Reads a pasted public key of one of these kinds: SPKI PEM, whose header and footer lines may be missing and whose line ends do not matter.
 * Throws `invalid`, and `refused` for a private key; neither message repeats what was pasted.
 */
export function parsePublicKey(pasted: string, kinds: readonly Kind[]): PublicKey {
  const hint = hintFor(kinds);
  if (pasted.trim() === '') throw new KeyturnError('invalid', 'the public key is missing', { hint });
  if (mentionsPrivateKey(pasted)) throw privateKeyPasted();
  const der = decode(pasted, hint);
  if (isPrivateKey(der)) throw privateKeyPasted();
  const key = open(der, hint);
  const spki = key.export({ format: 'der', type: 'spki' });
  return {
    pem: key.export({ format: 'pem', type: 'spki' }).toString(),
    kind: kindOf(key, kinds),
    fingerprint: createHash('sha256').update(spki).digest('hex'),
  };
}

/** True for any text with a private key's PEM label, whatever field it was pasted into. */
export const mentionsPrivateKey = (text: string): boolean => /PRIVATE\s+KEY/i.test(text);

export const privateKeyPasted = (): KeyturnError =>
  new KeyturnError('refused', 'this is a private key; it was not stored', {
    hint: 'treat it as exposed: make a new pair and paste its public half',
  });

function decode(pasted: string, hint: string): Buffer {
  const text = pasted
    .trim()
    .replace(/^-----BEGIN PUBLIC KEY-----/, '')
    .replace(/-----END PUBLIC KEY-----$/, '')
    .replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw notAPublicKey(hint);
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

function open(der: Buffer, hint: string): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    throw notAPublicKey(hint);
  }
}

function kindOf(key: KeyObject, kinds: readonly Kind[]): Kind {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  const name = key.asymmetricKeyType === 'rsa' ? `RSA ${bits}` : 'Ed25519';
  const isSigning = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ed25519';
  const kind = kinds.find((each) => isSigning && each === name);
  if (kind) return kind;
  const found = `${key.asymmetricKeyType}${bits === undefined ? '' : ` with ${bits} bits`}`;
  throw new KeyturnError('invalid', `a key of type ${found} is not accepted`, { hint: hintFor(kinds) });
}

const notAPublicKey = (hint: string) => new KeyturnError('invalid', 'this is not a public key', { hint });
