import { createPublicKey } from 'node:crypto';

/** The public half as a service wants it pasted: a line of authorized_keys, or a JSON Web Key of a JWKS. */
export type PublicKeyForm = 'openssh' | 'jwk';

/** `publicKey` is SPKI PEM; `label` becomes comment or `kid`; `addresses` are those a line of authorized_keys is tied to. */
export function inForm(
  publicKey: string,
  form: PublicKeyForm | undefined,
  { label, addresses }: { label: string; addresses: readonly string[] },
): string {
  if (form === undefined) return publicKey;
  if (form === 'jwk') return JSON.stringify({ ...jwkOf(publicKey), use: 'sig', kid: label });
  const from = addresses.length === 0 ? '' : `from="${addresses.join(',')}" `;
  return `${from}${opensshOf(publicKey)} ${label}`;
}

/** `ssh-ed25519 AAAA…`, RFC 4253 section 6.6 and RFC 8709. */
export function opensshOf(publicKey: string): string {
  const { kty, n = '', e = '', x = '' } = jwkOf(publicKey);
  const [type, parts] =
    kty === 'RSA' ? ['ssh-rsa', [integer(e), integer(n)]] : ['ssh-ed25519', [Buffer.from(x, 'base64url')]];
  const blob = Buffer.concat([Buffer.from(type), ...parts].map(withLength));
  return `${type} ${blob.toString('base64')}`;
}

/** RFC 7517, with the one algorithm that is signed with. */
function jwkOf(publicKey: string) {
  const jwk = createPublicKey(publicKey).export({ format: 'jwk' });
  return { ...jwk, alg: jwk.kty === 'RSA' ? 'RS256' : 'EdDSA' };
}

/** Positive, so a first bit that is set needs a zero byte before it. */
function integer(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
