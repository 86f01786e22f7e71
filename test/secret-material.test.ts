import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseSource } from '../src/source.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');
const encryption = { cipher: 'aes-256-cbc', passphrase: 'correct horse' };

const base64 = (data: string | Buffer) => Buffer.from(data).toString('base64');
const wrapped = (text: string, width: number) => text.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\n') ?? '';
const commented = (text: string) => text.trim().replaceAll(/^/gm, '# ');
const indented = (text: string) => text.trim().replaceAll(/^/gm, '    ');

const pem = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const encryptedPem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString();
const pkcs8 = (key: typeof rsa) => base64(key.privateKey.export({ type: 'pkcs8', format: 'der' }));

const SECRETS: Record<string, string> = {
  'a PEM in a block': `note: |\n${indented(pem)}`,
  'a PEM in one line of JSON': `note: ${JSON.stringify(pem)}`,
  'an encrypted PEM in a comment': commented(encryptedPem),
  'a traditional PEM': commented(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()),
  'an encrypted traditional PEM': commented(
    ec.privateKey.export({ type: 'sec1', format: 'pem', ...encryption }).toString(),
  ),
  'a PEM header broken over lines': '# -----BEGIN ENCRYPTED\n#   PRIVATE KEY-----',
  'base64 of a PEM': `note: ${base64(pem)}`,
  'base64 of a PEM after one byte, in short lines': commented(wrapped(base64(`\n${pem}`), 11)),
  'base64 of a PEM after two bytes': commented(wrapped(base64(`\n\n${encryptedPem}`), 76)),
  'base64 of a PEM as a list of lines': `note:\n${wrapped(base64(pem), 60).replaceAll(/^/gm, '  - ')}`,
  'PKCS#8 of RSA in base64': commented(wrapped(pkcs8(rsa), 30)),
  'PKCS#8 of an elliptic curve in base64': `note: "${pkcs8(ec)}"`,
  'PKCS#8 of Ed25519 in base64': commented(pkcs8(ed25519)),
  'PKCS#1 in base64': commented(wrapped(base64(rsa.privateKey.export({ type: 'pkcs1', format: 'der' })), 17)),
  'SEC1 in base64': commented(wrapped(base64(ec.privateKey.export({ type: 'sec1', format: 'der' })), 64)),
  'encrypted PKCS#8 of RSA in base64': commented(
    wrapped(base64(rsa.privateKey.export({ type: 'pkcs8', format: 'der', ...encryption })), 64),
  ),
  'encrypted PKCS#8 of Ed25519 in base64': commented(
    base64(ed25519.privateKey.export({ type: 'pkcs8', format: 'der', ...encryption })),
  ),
  'an age identity': `# AGE-SECRET-KEY-1${'Q'.repeat(58)}`,
  'a Vault token': `# hvs.${'A'.repeat(24)}`,
  'a password in an address': '# http://user:correct-horse@proxy.example:3128',
};

const HARMLESS: Record<string, string> = {
  'a public key': commented(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  'a public key in base64': `note: ${base64(ec.publicKey.export({ type: 'spki', format: 'der' }))}`,
  'a public key of Ed25519 in base64': `note: ${base64(ed25519.publicKey.export({ type: 'spki', format: 'der' }))}`,
  'a fingerprint': `# ${'0123456789abcdef'.repeat(4)}`,
  'an address without a password': 'note: "https://vault.internal:8200/@here"',
  'words about keys': '# Market makers keep private keys in the store. MIIE is how many of them begin.',
};

const START = 'apiVersion: keyturn/v1\n\n';

describe('secret material is found:', () => {
  it.each(Object.entries(SECRETS))('%s', (_, secret) => {
    const { problems } = parseSource('a.yaml', START + secret);
    expect(problems).toHaveLength(1);
    const [found] = problems;
    expect(found).toMatchObject({ rule: 'secret-material', severity: 'error', waived: false, path: '' });
    expect(found?.line).toBeGreaterThan(2);
    const material = secret.match(/[A-Za-z0-9+/]{11,}/g) ?? [];
    for (const part of material) expect(JSON.stringify(found)).not.toContain(part);
  });

  it('nothing where there is none', () => {
    for (const [what, text] of Object.entries(HARMLESS))
      expect([what, parseSource('a.yaml', START + text).problems]).toEqual([what, []]);
  });

  it('each of several, in what is no YAML, too', () => {
    const { problems } = parseSource('a.yaml', `a: "\n${commented(pem)}\n${'# nothing\n'.repeat(9)}# ${base64(pem)}\n`);
    expect(problems.filter(({ rule }) => rule === 'secret-material').map(({ line }) => line)).toEqual([2, 14]);
    expect(problems.some(({ rule }) => rule === 'syntax')).toBe(true);
  });
});
