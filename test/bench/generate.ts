import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { judge, node, type Program, run, tell } from './measure.ts';
import { aWorld, KEYTURN } from './world.ts';

/**
 * Making many keys with `keyturn apply` (a process, encrypted, stored durably, read back, a task opened for each), against
 * `openssl genpkey` with a passphrase, one process a key on every core. How long one RSA key takes is chance, so there are
 * many; and both take turns, so that what else the machine does meets both.
 */

const isQuick = process.argv.includes('--quick');
const SIZES = [
  { bits: 2048, keys: isQuick ? 60 : 240 },
  { bits: 4096, keys: isQuick ? 12 : 64 },
];
const TURNS = 4;

const versionIn = (text: string): string => /\d+\.\d+\.\d+/.exec(text)?.[0] ?? text;
const ours = versionIn(process.versions.openssl ?? '');
const theirs = versionIn(execFileSync('openssl', ['version'], { encoding: 'utf8' }));
tell(`OpenSSL ${ours} in Node ${process.versions.node}, ${theirs} of the system; ${availableParallelism()} cores`);

for (const { bits, keys } of SIZES) {
  const name = `keyturn apply / openssl genpkey, keys per second of RSA-${bits}`;
  const taken = { keyturn: 0, openssl: 0 };
  for (let turn = 0; turn < TURNS; turn++) {
    taken.openssl += await byOpenssl(bits, keys / TURNS);
    taken.keyturn += await byKeyturn(bits, keys / TURNS);
  }
  const perSecond = (seconds: number): string => (keys / seconds).toFixed(2);
  tell(`${keys} keys of RSA-${bits}: keyturn ${perSecond(taken.keyturn)}/s, openssl ${perSecond(taken.openssl)}/s`);
  const ratio = taken.openssl / taken.keyturn;
  // A newer OpenSSL finds primes several times faster: that would judge the two builds, not keyturn.
  if (ours === theirs) judge(name, ratio, { atLeast: 0.95 });
  else tell(`${name}: ratio ${ratio.toFixed(2)}, not judged: two versions of OpenSSL`);
}

async function byKeyturn(bits: number, keys: number): Promise<number> {
  const world = await aWorld(keys, { algorithm: `rsa-${bits}`, windows: '' });
  const { seconds } = await run(node(KEYTURN, ['apply', '--yes', '--log-level', 'warn'], world.folder));
  world.close();
  return seconds;
}

/** As a shell loop with `xargs -P` does it. */
async function byOpenssl(bits: number, keys: number): Promise<number> {
  const start = performance.now();
  let left = keys;
  const worker = async () => {
    while (left-- > 0) await run(genpkey(bits));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return (performance.now() - start) / 1000;
}

function genpkey(bits: number): Program {
  return {
    command: 'openssl',
    args: [
      'genpkey',
      '-algorithm',
      'RSA',
      '-pkeyopt',
      `rsa_keygen_bits:${bits}`,
      '-aes-256-cbc',
      '-pass',
      'env:PASSPHRASE',
    ],
    env: { PASSPHRASE: randomBytes(32).toString('base64url') },
  };
}
