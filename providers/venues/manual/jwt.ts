import { createPublicKey } from 'node:crypto';
import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import type { Credential } from '../../../src/ports/venue.ts';
import { fill, templateOf, type Values } from './template.ts';

const Claims = z.record(
  z.string(),
  z.union([templateOf(['apiKey', 'nonce', 'timestamp']), z.number(), z.boolean(), z.array(z.string())]),
);

export const JwtOptions = z.strictObject({
  header: about(z._default(Claims, {}), 'More of the header than alg, typ and kid, which is the key id'),
  claims: about(z._default(Claims, {}), 'More claims than iat and exp'),
  lifetimeSeconds: about(z._default(z.int().check(z.minimum(5), z.maximum(3600)), 60), 'From iat to exp'),
});
type JwtOptions = z.infer<typeof JwtOptions>;

/** A signed JSON Web Token, RFC 7519: RS256 or EdDSA, whichever the key is. */
export function signedJwt(options: JwtOptions, { apiKey, signer }: Credential, values: Values, now: Date): string {
  const alg = createPublicKey(signer.publicKey).asymmetricKeyType === 'rsa' ? 'RS256' : 'EdDSA';
  const iat = Math.floor(now.getTime() / 1000);
  const header = { typ: 'JWT', kid: apiKey, ...filled(options.header, values), alg };
  const claims = { ...filled(options.claims, values), iat, exp: iat + options.lifetimeSeconds };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${signer.sign(Buffer.from(signed)).toString('base64url')}`;
}

const filled = (claims: z.infer<typeof Claims>, values: Values) =>
  Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [name, typeof value === 'string' ? fill(value, values) : value]),
  );
