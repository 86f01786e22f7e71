import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { KeyturnError } from '../src/errors.ts';
import type { Keys, Material, Signer } from '../src/ports/keys.ts';
import type { Algorithm } from '../src/ports/venue.ts';
import { Secret } from '../src/secret.ts';

const generatePair = promisify(generateKeyPair);

const RSA_BITS = { 'rsa-2048': 2048, 'rsa-3072': 3072, 'rsa-4096': 4096 } as const;

/** Key pairs by `node:crypto`, that is OpenSSL. */
export function nodeKeys(): Keys {
  const limit = pLimit(pairsAtOnce());
  return {
    async generate(algorithm, isEncrypted) {
      const passphrase = !isEncrypted ? null : randomPassphrase();
      const pair = await limit(() => encodedPair(algorithm, passphrase));
      const material: Material = {
        privateKey: new Secret(pair.privateKey),
        passphrase: passphrase === null ? null : new Secret(passphrase),
        publicKey: pair.publicKey,
        fingerprint: fingerprintOf(pair.publicKey),
      };
      proveUsable(material);
      return material;
    },
    signer: openSigner,
    adopt: adoptPair,
    async throwAway() {
      // Ed25519 whatever the keys beside it: a venue that does not know the key id cannot tell, and it costs nothing.
      const { privateKey } = await generatePair('ed25519');
      return signerOf(privateKey);
    },
  };
}

/** Lower-case hex SHA-256 of the SPKI DER, given as SPKI PEM or already read. Throws `corrupt` for any other text. */
export const fingerprintOf = (publicKey: string | KeyObject): string =>
  createHash('sha256')
    .update(derOf(publicKey instanceof KeyObject ? publicKey : publicKeyFrom(publicKey)))
    .digest('hex');

/**
 * Generating holds a thread of the pool for up to seconds, and files and DNS need threads, too, so one always stays free.
 * One pair more than there are cores is under way, so that no core waits while this thread deals with what is finished.
 */
const pairsAtOnce = (): number =>
  Math.max(1, Math.min(availableParallelism() + 1, (Number(process.env.UV_THREADPOOL_SIZE) || 4) - 1));

/** PEM texts: SPKI, and PKCS#8 in Node’s own PBES2, which OpenSSL, Python and Java open. */
async function encodedPair(
  algorithm: Algorithm,
  passphrase: string | null,
): Promise<{ publicKey: string; privateKey: string }> {
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  const protection = passphrase === null ? {} : { cipher: 'aes-256-cbc', passphrase };
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem', ...protection } as const;
  if (algorithm === 'ed25519') return generatePair('ed25519', { publicKeyEncoding, privateKeyEncoding });
  return generatePair('rsa', { modulusLength: RSA_BITS[algorithm], publicKeyEncoding, privateKeyEncoding });
}

/** Reads the texts back and signs with one what the other must verify, before anybody relies on them. */
function proveUsable(material: Material): void {
  const publicKey = publicKeyFrom(material.publicKey);
  const text = randomBytes(32);
  const signature = openSigner(material).sign(text);
  if (verify(digestFor(publicKey), text, publicKey, signature)) return;
  throw new KeyturnError('corrupt', 'a new private key does not sign for its public half', {
    hint: 'check this machine’s memory and its OpenSSL; the pair was not used',
  });
}

function adoptPair(
  privateKey: Secret,
  passphrase: Secret | null,
  isEncrypted: boolean,
): Material & { algorithm: Algorithm } {
  const opened = openForeign(privateKey, passphrase);
  const publicKey = createPublicKey(opened);
  return {
    ...(passphrase === null && isEncrypted ? encrypted(opened) : { privateKey, passphrase }),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: fingerprintOf(publicKey),
    algorithm: algorithmOf(opened),
  };
}

const randomPassphrase = (): string => randomBytes(32).toString('base64url');

function encrypted(privateKey: KeyObject): Pick<Material, 'privateKey' | 'passphrase'> {
  const passphrase = randomPassphrase();
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  return { privateKey: new Secret(pem.toString()), passphrase: new Secret(passphrase) };
}

/** The same private half under another passphrase. */
export function lockedUnder(material: Material, passphrase: Secret): Secret {
  const pem = privateKeyFrom(material).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: passphrase.revealText(),
  });
  return new Secret(pem.toString());
}

function openForeign(privateKey: Secret, passphrase: Secret | null): KeyObject {
  try {
    const key = privateKey.reveal();
    return createPrivateKey({ key, format: 'pem', ...(passphrase && { passphrase: passphrase.reveal() }) });
  } catch {
    // PKCS#8 says so in its label, older forms in a header.
    const isLocked = passphrase === null && privateKey.reveal().includes('ENCRYPTED');
    throw isLocked
      ? new KeyturnError('invalid', 'the private key is encrypted', { hint: 'name its passphrase, too' })
      : new KeyturnError('invalid', 'this is no private key in PEM, or its passphrase is another one', {
          hint: 'give the PEM file that begins with -----BEGIN … PRIVATE KEY-----',
        });
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Algorithm {
  if (asymmetricKeyType === 'ed25519') return 'ed25519';
  const bits = asymmetricKeyDetails?.modulusLength;
  for (const [algorithm, wanted] of Object.entries(RSA_BITS)) {
    if (asymmetricKeyType === 'rsa' && bits === wanted) return algorithm as Algorithm;
  }
  throw new KeyturnError(
    'invalid',
    `a key of type ${asymmetricKeyType}${bits ? ` with ${bits} bits` : ''} is not taken`,
    {
      hint: 'only RSA with 2048, 3072 or 4096 bits and Ed25519 are strong enough and known to venues: rotate it instead',
    },
  );
}

function openSigner(material: Material): Signer {
  const privateKey = privateKeyFrom(material);
  if (!derOf(createPublicKey(privateKey)).equals(derOf(publicKeyFrom(material.publicKey)))) {
    throw corrupt(`the private key stored for public key ${short(material)} belongs to another one`);
  }
  return signerOf(privateKey);
}

/** PKCS#1 v1.5, Node’s default for RSA keys, is the only padding venues accept. */
function signerOf(privateKey: KeyObject): Signer {
  const digest = digestFor(privateKey);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { publicKey, sign: (bytes) => sign(digest, bytes, privateKey) };
}

function digestFor({ asymmetricKeyType }: KeyObject): 'sha256' | null {
  if (asymmetricKeyType === 'rsa') return 'sha256';
  if (asymmetricKeyType === 'ed25519') return null;
  throw corrupt(`a stored key is of type ${asymmetricKeyType ?? 'unknown'}, neither RSA nor Ed25519`);
}

function privateKeyFrom(material: Material): KeyObject {
  const { privateKey, passphrase } = material;
  try {
    return createPrivateKey({
      key: privateKey.reveal(),
      format: 'pem',
      ...(passphrase === null ? {} : { passphrase: passphrase.reveal() }),
    });
  } catch {
    // OpenSSL’s own words change with its version, and do not tell a broken text from a wrong passphrase.
    const how = passphrase === null ? 'without a passphrase' : 'with its passphrase';
    throw corrupt(`the private key stored for public key ${short(material)} does not open ${how}`);
  }
}

function publicKeyFrom(pem: string): KeyObject {
  const unreadable = 'a stored public key is not an SPKI PEM';
  // From a private key Node would derive the public half without a word.
  if (!pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) throw corrupt(unreadable);
  try {
    return createPublicKey(pem);
  } catch {
    throw corrupt(unreadable);
  }
}

const derOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

const short = ({ fingerprint }: Material): string => `${fingerprint.slice(0, 16)}…`;

const corrupt = (message: string): KeyturnError =>
  new KeyturnError('corrupt', message, {
    hint: 'check the key and its passphrase; what a store lost comes back from its backup',
  });
