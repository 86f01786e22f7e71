import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { program } from '../programs/index.ts';

/** A certificate for localhost that is its own authority, and the files it lies in until the test ends. */
export function selfSigned(): { key: Buffer; cert: Buffer; files: { key: string; cert: string } } {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(
    program('openssl'),
    ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '1', '-keyout', key, '-out', cert, ...subject],
    {
      stdio: 'pipe',
    },
  );
  return { key: readFileSync(key), cert: readFileSync(cert), files: { key, cert } };
}
