import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../src/core/public-key.ts';

const SPKI = { type: 'spki', format: 'pem' } as const;
/** Made with `ssh-keygen -t ed25519`, and the same key by `openssl pkey -pubin`. */
const LINE = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKUV4fT7KejYrfiuVDHvOb1ZMJEKDc2EjTtRYrlG0olo';
const PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEApRXh9Psp6Nit+K5UMe85vVkwkQoNzYSNO1FiuUbSiWg=
-----END PUBLIC KEY-----
`;

describe('a public key for pasting', () => {
  it('is the PEM where nothing is said', () => {
    expect(inForm(PEM, undefined, { label: 'a-g1', addresses: [] })).toBe(PEM);
  });

  it('is a line of authorized_keys, tied to the addresses', () => {
    expect(inForm(PEM, 'openssh', { label: 'a-g1', addresses: [] })).toBe(`${LINE} a-g1`);
    expect(inForm(PEM, 'openssh', { label: 'a-g1', addresses: ['203.0.113.7', '203.0.113.8/31'] })).toBe(
      `from="203.0.113.7,203.0.113.8/31" ${LINE} a-g1`,
    );
  });

  it('is a JSON Web Key of the same key', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = JSON.parse(inForm(publicKey.export(SPKI).toString(), 'jwk', { label: 'a-g1', addresses: [] }));
    expect(jwk).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig', kid: 'a-g1' });
    expect(createPublicKey({ key: jwk, format: 'jwk' }).equals(publicKey)).toBe(true);
  });
});
