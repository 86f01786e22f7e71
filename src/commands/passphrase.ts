import { open } from 'node:fs/promises';
import { KeyturnError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { type CommandIo, promptPassphrase, readLine } from './io.ts';

export interface PassphraseOptions {
  passphraseFile?: string | undefined;
  passphraseStdin?: boolean | undefined;
  /** False: `--no-passphrase`. */
  passphrase: boolean;
}

/** The passphrase a person chose, or null where they chose none. Never an argument: every user of a machine sees those. */
export async function passphraseFrom(options: PassphraseOptions, io: CommandIo): Promise<Secret | null> {
  if (!options.passphrase) return null;
  if (options.passphraseFile !== undefined) {
    return acceptable(await readPrivateFile(options.passphraseFile), options.passphraseFile);
  }
  if (options.passphraseStdin) {
    // Otherwise a character that arrives in two pieces would be read as two others.
    io.stdin.setEncoding('utf8');
    return acceptable(await readLine(io.stdin), 'standard input');
  }
  if (io.terminal.interactive) return askTwice();
  throw new KeyturnError('usage', 'a passphrase is missing, and there is no terminal to ask for it', {
    hint: '--passphrase-file FILE, --passphrase-stdin, or --no-passphrase for a private key that is not encrypted',
  });
}

async function askTwice(): Promise<Secret> {
  const passphrase = acceptable(await promptPassphrase('Passphrase for the private key'), 'the prompt');
  const again = new Secret(await promptPassphrase('The same again'));
  if (passphrase.equals(again)) return passphrase;
  throw new KeyturnError('usage', 'the two passphrases differ; nothing was written', { hint: 'try again' });
}

/** Text without the line end that editors and `echo` leave. */
async function readPrivateFile(path: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => unreadable(path, cause));
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new KeyturnError('usage', `${path} can be read by others (mode ${(mode & 0o777).toString(8)})`, {
        hint: `chmod 600 ${path}, and choose another passphrase if it was there for long`,
      });
    }
    const text = await file.readFile('utf8').catch((cause: NodeJS.ErrnoException) => unreadable(path, cause));
    return text.replace(/\n$/, '');
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: NodeJS.ErrnoException): never {
  const what = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`;
  throw new KeyturnError('usage', `${path} ${what}`, { hint: '--passphrase-file names a file you may read', cause });
}

/** OpenSSL reads no more from a file; a longer one would open in some programs and not in others. */
const MAX_BYTES = 1023;

function acceptable(passphrase: string, source: string): Secret {
  const wrong = whatIsWrongWith(passphrase);
  if (wrong === null) return new Secret(passphrase);
  throw new KeyturnError('usage', `the passphrase from ${source} ${wrong}`, {
    hint: `a passphrase is one line of text in UTF-8, of 1 to ${MAX_BYTES} bytes`,
  });
}

function whatIsWrongWith(passphrase: string): string | null {
  if (passphrase === '') return 'is empty';
  if (/\p{Cc}/u.test(passphrase)) return 'has more than one line or control characters (Windows line ends are such)';
  if (passphrase.includes('\uFFFD')) return 'is not UTF-8';
  return Buffer.byteLength(passphrase) > MAX_BYTES ? `is longer than ${MAX_BYTES} bytes` : null;
}
