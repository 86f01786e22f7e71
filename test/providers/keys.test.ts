import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { fingerprintOf, nodeKeys } from '../../providers/keys.ts';
import type { Material } from '../../src/ports/keys.ts';
import { Secret } from '../../src/secret.ts';
import { itWith, program } from '../programs/index.ts';

const keys = nodeKeys();
const ALGORITHMS = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

/** Real pairs of every kind, made once: the long ones take seconds. */
const made = new Map<Algorithm, Material>();
const pair = (algorithm: Algorithm): Material => made.get(algorithm) ?? expect.fail(`no ${algorithm}`);

beforeAll(async () => {
  await Promise.all(ALGORITHMS.map(async (each) => made.set(each, await keys.generate(each, true))));
});

describe.each(ALGORITHMS)('%s', (algorithm) => {
  it('is an encrypted PKCS#8 PEM, an SPKI PEM and its fingerprint', () => {
    const { privateKey, passphrase, publicKey, fingerprint } = pair(algorithm);
    expect(privateKey.revealText()).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    expect(passphrase?.revealText()).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  itWith(['openssl'], 'is what OpenSSL opens with the passphrase, and derives the same public half from', () => {
    const { privateKey, passphrase, publicKey } = pair(algorithm);
    const files = written({ key: privateKey.reveal(), passphrase: passphrase?.reveal() ?? '' });
    expect(openssl('pkey', '-in', files.key, '-passin', `file:${files.passphrase}`, '-pubout').toString()).toBe(
      publicKey,
    );
  });

  itWith(['openssl'], 'has the fingerprint OpenSSL computes', () => {
    const { publicKey, fingerprint } = pair(algorithm);
    const files = written({ public: publicKey });
    const der = openssl('pkey', '-pubin', '-in', files.public, '-outform', 'DER');
    expect(openssl('dgst', '-sha256', '-r', written({ der }).der).toString().slice(0, 64)).toBe(fingerprint);
    expect(fingerprintOf(publicKey)).toBe(fingerprint);
  });

  itWith(['openssl'], 'signs what OpenSSL verifies, and nothing else', () => {
    const material = pair(algorithm);
    const signature = keys.signer(material).sign(Buffer.from('timestamp=1'));
    const files = written({ public: material.publicKey, signature, text: 'timestamp=1', other: 'timestamp=2' });
    expect(() => openssl(...verification(algorithm, files, files.text))).not.toThrow();
    expect(() => openssl(...verification(algorithm, files, files.other))).toThrow();
  });
});

it('sizes are as asked for', () => {
  const bits = (algorithm: Algorithm) => createPublicKey(pair(algorithm).publicKey).asymmetricKeyDetails?.modulusLength;
  expect(ALGORITHMS.map(bits)).toEqual([2048, 3072, 4096, undefined]);
});

it('a pair may have no passphrase', async () => {
  const material = await keys.generate('ed25519', false);
  expect(material.passphrase).toBeNull();
  expect(material.privateKey.revealText()).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(keys.signer(material).sign(Buffer.from('x'))).toHaveLength(64);
});

it('no two pairs share anything', async () => {
  const two = await Promise.all([keys.generate('ed25519', true), keys.generate('ed25519', true)]);
  for (const part of ['privateKey', 'passphrase', 'publicKey', 'fingerprint'] as const) {
    expect(new Set(two.map((each) => (each[part] instanceof Secret ? each[part].revealText() : each[part]))).size).toBe(
      2,
    );
  }
});

it('a throw-away pair signs', async () => {
  expect((await keys.throwAway()).sign(Buffer.from('x'))).not.toHaveLength(0);
});

describe('Binance’s published vectors', () => {
  const sample = (name: string): Material => {
    const pem = readFileSync(new URL(`../fixtures/binance/${name}`, import.meta.url), 'utf8');
    const publicKey = createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
    return { privateKey: new Secret(pem), passphrase: null, publicKey, fingerprint: fingerprintOf(publicKey) };
  };

  it.each([
    [
      'sample-rsa.pem',
      'timestamp=1578963600000',
      'qlutXCa1uE6hTGbCXTWb+Mz1qToKVUWSod532McnpJfTGctqkrovh61n/GZ03epBlAK6d1f5i+pIs0asvowTenZEEazY+hrai1dzWOfYh+XI2PpsnV5QKNzmVxF+0Eur+VG2WqmJMusumvKxq2HfHrrmNl1jeMl5JtOj7P/IaSOIbsgcYn467oOl9saVEmFeiirFLHCFn1P6Jm/EVaFAsCL+egloFk3MLQdKdRErZSAmW2pmzmwYD1JqILAJXWV3i/jdPC7CR+g3New56GdZjhqpSbz8uFTQeLFoZj0Jc1U3AntZBHvPCM+QgLXv987qGwDDKjB1wsrHfglT511zOw==',
    ],
    [
      'sample-rsa.pem',
      'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559',
      'uz2xmNkOf1EEsnZoWGraxR13F4jF9JYdC68uvWqYyjFyjwDgcoiMRm23UqsxWkmA208smu7TuGVxm1cWoZa/5fLQ2T/RcfLW9sokNWDzf1vM/xEpSmQEsSyIzd/c0pMWGsUkXsYpIarp3e/KSFzgwI73qZfbalBRkkK7u3dLWRVRk4kmEVf6dQUWMyXC44X8LB0M1XFrhkqcFYdcP9NcaCZCvb8nzG/nyUPtCJdBxVn8MMgXaVCM8DIbSrUBT0ZUxFQ3gTSd929LR1Tp6P2y4pHiWSElW5nJZYRRn2zUFt4xH7wvVKvuuEi8HH0Dusf6KBcWq8/3viAcRUh1Cj4fsQ==',
    ],
    [
      'sample-ed25519.pem',
      'A\u0001EXAMPLE\u0001SPOT\u00011\u000120240627-11:17:25.223',
      '4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==',
    ],
  ])('%s signs %s', (name, payload, signature) => {
    expect(keys.signer(sample(name)).sign(Buffer.from(payload)).toString('base64')).toBe(signature);
  });
});

describe('refuses as corrupt, without a word of what is secret,', () => {
  const ec = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const table: Record<string, (good: Material) => Partial<Material>> = {
    'a wrong passphrase': () => ({ passphrase: new Secret('hush-hush') }),
    'an empty passphrase': () => ({ passphrase: new Secret('') }),
    'a missing passphrase': () => ({ passphrase: null }),
    'a cut private key': ({ privateKey }) => ({ privateKey: new Secret(privateKey.reveal().subarray(0, 500)) }),
    'something else for a private key': () => ({ privateKey: new Secret('hush-hush') }),
    'the public half of another pair': () => ({ publicKey: pair('ed25519').publicKey }),
    'a cut public key': ({ publicKey }) => ({ publicKey: publicKey.slice(0, 100) }),
    'a private key in place of the public one': ({ privateKey }) => ({ publicKey: privateKey.revealText() }),
    'a kind of key no venue takes': () => ({ ...ec, privateKey: new Secret(ec.privateKey), passphrase: null }),
  };

  it.each(Object.entries(table))('%s', (_, spoil) => {
    const good = pair('rsa-2048');
    const spoiled = { ...good, ...spoil(good) };
    const error = errorOf(() => keys.signer(spoiled));
    expect(error).toMatchObject({ code: 'corrupt', hint: expect.any(String) });
    const shown = [error, good].flatMap((each) => [inspect(each, { depth: 9 }), JSON.stringify(each)]).join();
    const secrets = [
      'hush',
      ' PRIVATE KEY',
      good.passphrase?.revealText(),
      good.privateKey.revealText().split('\n')[1],
    ];
    // Compared to a boolean, so that a failure does not print them either.
    expect(secrets.some((secret) => secret === undefined || shown.includes(secret))).toBe(false);
  });

  it('a text that has no fingerprint', () => {
    expect(errorOf(() => fingerprintOf('hush-hush'))).toMatchObject({ code: 'corrupt' });
  });
});

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
}

const openssl = (...args: string[]): Buffer => execFileSync(program('openssl'), args, { stdio: 'pipe' });

const verification = (algorithm: Algorithm, files: { public: string; signature: string }, text: string): string[] =>
  algorithm === 'ed25519'
    ? ['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', files.public, '-sigfile', files.signature, '-in', text]
    : ['dgst', '-sha256', '-verify', files.public, '-signature', files.signature, text];

/** Each text in a file of its own, gone when the test ends. */
function written<Name extends string>(texts: Record<Name, string | Buffer>): Record<Name, string> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = { ...texts } as Record<Name, string>;
  for (const name in texts) {
    files[name] = join(folder, name);
    writeFileSync(files[name], texts[name], { mode: 0o600 });
  }
  return files;
}
