import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encryptPkcs8 } from '../src/pbes2.ts';
import { Secret } from '../src/secret.ts';

const derOf = (key: ReturnType<typeof createPrivateKey>) => key.export({ type: 'pkcs8', format: 'der' });

const KEYS = {
  'Ed25519, whose lengths fit one byte': derOf(generateKeyPairSync('ed25519').privateKey),
  'RSA-2048, whose lengths take two': derOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
};
const PASSPHRASES = { 'of letters': 'correct horse', 'of any script': 'pässwörd 密码', 'of one byte': 'x' };

describe('an encrypted private key', () => {
  for (const [kind, der] of Object.entries(KEYS)) {
    for (const [which, passphrase] of Object.entries(PASSPHRASES)) {
      it(`opens with its passphrase ${which}: ${kind}`, async () => {
        const key = await encryptPkcs8(der, new Secret(passphrase));
        expect(derOf(createPrivateKey({ key, passphrase }))).toEqual(der);
      });
    }
  }

  const der = KEYS['Ed25519, whose lengths fit one byte'];

  it('does not open with another passphrase', async () => {
    const key = await encryptPkcs8(der, new Secret('right'));
    expect(() => createPrivateKey({ key, passphrase: 'wrong' })).toThrow();
  });

  it('is PEM as RFC 7468 has it', async () => {
    const [first, ...lines] = (await encryptPkcs8(der, new Secret('p'))).split('\n');
    expect(first).toBe('-----BEGIN ENCRYPTED PRIVATE KEY-----');
    expect(lines.slice(-2)).toEqual(['-----END ENCRYPTED PRIVATE KEY-----', '']);
    for (const line of lines.slice(0, -3)) expect(line).toMatch(/^[A-Za-z0-9+/]{64}$/);
  });

  it('states 600,000 iterations, 16 bytes of salt, HMAC-SHA256 and AES-256-CBC', async () => {
    const hex = hexOf(await encryptPkcs8(der, new Secret('p')));
    expect(hex).toContain('06092a864886f70d01050d'); // PBES2
    expect(hex).toMatch(/06092a864886f70d01050c.{4}0410.{32}02030927c0/); // PBKDF2, salt, iterations
    expect(hex).toContain('06082a864886f70d02090500'); // HMAC-SHA256, NULL
    expect(hex).toMatch(/060960864801650304012a0410.{32}/); // AES-256-CBC, iv
  });

  it('is never twice the same', async () => {
    const passphrase = new Secret('p');
    expect(await encryptPkcs8(der, passphrase)).not.toBe(await encryptPkcs8(der, passphrase));
  });

  it('is refused where it does not open again: Node reads passphrases of at most 1024 bytes', async () => {
    const tooLong = new Secret('a'.repeat(1025));
    await expect(encryptPkcs8(der, tooLong)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

const hexOf = (pem: string): string => Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64').toString('hex');
