import { constants, createPublicKey, verify } from 'node:crypto';
import type { PublicKey } from './public-key.ts';

/** A request's parameters as its signature sees them. */
export interface SignedParameters {
  /** Query string and body without a separator, exactly as received, less every `signature=` pair. */
  payload: string;
  /** Decoded; a parameter in the query wins over the same one in the body. */
  values: ReadonlyMap<string, string>;
  /** Names of those in the query. */
  inQuery: ReadonlySet<string>;
}

/**
 * Takes query and body apart without touching a byte of what stays: a client that signs `%20` and sends `+`, or sorts
 * after signing, must fail here as it does at the exchange. `illegal`: broken percent-encoding · `repeated`: a
 * parameter twice in one place.
 */
export function readSigned(query: string, body: Buffer): SignedParameters | 'illegal' | 'repeated' {
  const parts = [query, body.toString('latin1')].map((text) => text.split('&'));
  try {
    const [fromQuery = new Map(), fromBody = new Map()] = parts.map((pairs) => decodedPairs(pairs));
    if (fromQuery === 'repeated' || fromBody === 'repeated') return 'repeated';
    const payload = parts.map((pairs) => pairs.filter((pair) => !isSignature(pair)).join('&')).join('');
    return { payload, values: new Map([...fromBody, ...fromQuery]), inQuery: new Set(fromQuery.keys()) };
  } catch (error) {
    if (error instanceof URIError) return 'illegal';
    throw error;
  }
}

/**
 * RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519, by the registered key. Since January 2026 the exchange takes only
 * payloads that were percent-encoded before they were signed; a byte that encoding would have replaced never fits.
 */
export function fits(signature: string, payload: string, publicKey: PublicKey): boolean {
  const percentEncoded = /^[\x21-\x7e]*$/.test(payload);
  if (!percentEncoded || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return false;
  return isSignedBy(publicKey, Buffer.from(payload, 'latin1'), Buffer.from(signature, 'base64'));
}

/** RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519, over exactly these bytes. */
export function isSignedBy({ pem, kind }: PublicKey, bytes: Buffer, signature: Buffer): boolean {
  const key = createPublicKey(pem);
  const [hash, options] =
    kind === 'Ed25519' ? [null, { key }] : ['sha256', { key, padding: constants.RSA_PKCS1_PADDING }];
  return verify(hash, bytes, options, signature);
}

const isSignature = (pair: string): boolean => pair === 'signature' || pair.startsWith('signature=');

function decodedPairs(pairs: string[]): Map<string, string> | 'repeated' {
  const values = new Map<string, string>();
  for (const pair of pairs.filter((each) => each !== '')) {
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    if (values.has(name)) return 'repeated';
    values.set(name, equals < 0 ? '' : decode(pair.slice(equals + 1)));
  }
  return values;
}

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
