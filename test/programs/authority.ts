import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate authority of a test’s own, and a certificate by it for this machine. Paths of PEM files. */
export async function authority(folder: string): Promise<{ ca: string; key: string; certificate: string }> {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run('openssl', args);
  const fresh = ['-newkey', 'ed25519', '-nodes', '-days', '2'];
  await openssl('req', '-x509', ...fresh, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=test authority');
  await openssl('req', ...fresh.slice(0, 3), '-keyout', at('tls.key'), '-out', at('tls.csr'), '-subj', '/CN=localhost');
  await writeFile(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const signing = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('names'),
  ];
  await openssl('x509', '-req', '-in', at('tls.csr'), ...signing, '-out', at('tls.pem'));
  return { ca: at('ca.pem'), key: at('tls.key'), certificate: at('tls.pem') };
}
