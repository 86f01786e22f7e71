import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether OpenSSL, by its own command, takes the signature for one of this public key over exactly these bytes. */
export function opensslAccepts(
  openssl: string,
  { publicKey, bytes, signature }: { publicKey: string; bytes: string; signature: Buffer },
): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-openssl-'));
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const files = [file('public.pem', publicKey), file('signature', signature), file('payload', bytes)] as const;
  const [pem, signed, payload] = files;
  try {
    const digest = ['dgst', '-sha256', '-verify', pem, '-signature', signed, payload];
    const raw = ['pkeyutl', '-verify', '-pubin', '-inkey', pem, '-rawin', '-in', payload, '-sigfile', signed];
    const isRsa = execFileSync(openssl, ['pkey', '-pubin', '-in', pem, '-noout', '-text']).includes('Modulus');
    execFileSync(openssl, isRsa ? digest : raw, { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
