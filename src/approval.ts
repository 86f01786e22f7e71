import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { KeyturnError } from './errors.ts';

/**
 * Who approved a plan: a detached SSH signature, checked by ssh-keygen against a file of allowed signers (ssh-keygen(1),
 * ALLOWED SIGNERS). Made with `ssh-keygen -Y sign -f KEY -n keyturn-plan FILE`, which writes FILE.sig.
 */

/** Keeps signatures for other things (commits, files) from counting as approval of a plan. */
const NAMESPACE = 'keyturn-plan';

export interface Approval {
  /** As messages name the plan. */
  file: string;
  /** What was signed: these very bytes are also what is carried out. */
  bytes: Buffer;
  signature: string;
  allowedSigners: string;
}

/**
 * The principal in `allowedSigners` whose signature this is. Throws `refused` where it is nobody’s who may approve,
 * `invalid` where plan or signature were damaged or edited, `unsupported` without ssh-keygen.
 */
export async function approverOf(approval: Approval): Promise<string> {
  const { file, signature, allowedSigners } = approval;
  await mustRead(signature, `${file} has no signature: ${signature}`, `have it approved: ${signing(file)}`);
  await mustRead(
    allowedSigners,
    `the allowed signers ${allowedSigners}`,
    'write one line each: NAME ssh-ed25519 AAAA…',
  );
  const signed = await ssh(['check-novalidate', '-n', NAMESPACE, '-s', signature], approval);
  if (signed.status !== 0) throw notSigned(signed.said, approval);
  const found = await ssh(['find-principals', '-s', signature, '-f', allowedSigners], approval);
  const [principal] = found.printed.split('\n').filter((line) => line !== '');
  if (found.status !== 0 || principal === undefined) throw notAllowed(found.said, approval);
  const verified = await ssh(
    ['verify', '-n', NAMESPACE, '-s', signature, '-f', allowedSigners, '-I', principal],
    approval,
  );
  if (verified.status !== 0) throw notAllowed(verified.said, approval);
  return legible(principal);
}

const signing = (file: string): string => `ssh-keygen -Y sign -f KEY -n ${NAMESPACE} ${file}`;

async function mustRead(path: string, what: string, hint: string): Promise<void> {
  await access(path, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    throw new KeyturnError('refused', `${what} cannot be read (${cause.code})`, { hint, cause });
  });
}

/** What ssh-keygen says is stable enough to tell these apart; what it says otherwise is repeated. */
function notSigned(said: string, { file, signature }: Approval): KeyturnError {
  if (/namespace/.test(said))
    return new KeyturnError('refused', `${signature} was made for another purpose than approving plans`, {
      hint: `sign it as one: ${signing(file)}`,
    });
  if (/incorrect signature/.test(said))
    return new KeyturnError('invalid', `${file} is not what was signed: one of the two was edited`, {
      hint: `look at it (keyturn plan show ${file}) and have it approved again: ${signing(file)}`,
    });
  return new KeyturnError('invalid', `${signature} is no signature that ssh-keygen understands (${said})`, {
    hint: `have it approved again: ${signing(file)}`,
  });
}

function notAllowed(said: string, { file, allowedSigners }: Approval): KeyturnError {
  const why = /expired/.test(said)
    ? 'with a key that has expired'
    : /not yet valid/.test(said)
      ? 'with a key that is not valid yet'
      : /not permitted/.test(said)
        ? `with a key that may not sign for ${NAMESPACE}`
        : /No principal matched/.test(said)
          ? `by nobody in ${allowedSigners}`
          : `in a way that cannot be checked (${said})`;
  return new KeyturnError('refused', `${file} was signed ${why}`, {
    hint: `have it approved by somebody whom ${allowedSigners} lists`,
  });
}

interface Said {
  status: number | null;
  printed: string;
  /** The first line of standard error. */
  said: string;
}

/** Runs `ssh-keygen -Y …` without a shell, with what was signed on standard input. */
function ssh(args: readonly string[], { bytes }: Approval): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh-keygen', ['-Y', ...args], { env: { PATH: process.env.PATH, LC_ALL: 'C' } });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    child.on('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new KeyturnError('unsupported', `ssh-keygen cannot be run (${cause.code}), so no signature can be checked`, {
          hint: 'install OpenSSH 8.9 or newer on this machine',
          cause,
        }),
      );
    });
    // find-principals reads nothing, and may be gone before everything is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(bytes);
    child.on('close', (status) => {
      const lines = legible(output.stderr).split('\n');
      resolve({ status, printed: output.stdout, said: lines.find((line) => line !== '') ?? `status ${status}` });
    });
  });
}

const legible = (text: string): string => text.replace(/[^\P{C}\n]/gu, '');
