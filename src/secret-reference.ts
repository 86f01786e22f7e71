import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { about } from './core/about.ts';
import { KeyturnError } from './errors.ts';
import { Secret } from './secret.ts';

/** Where a secret comes from; configuration never holds one itself. */
export const SecretReference = about(
  z.union([
    z.strictObject({
      env: about(z.string().check(z.minLength(1)), 'Name of an environment variable that holds it.'),
    }),
    z.strictObject({
      file: about(z.string().check(z.minLength(1)), 'Path of a file that holds it, readable for its owner only.'),
    }),
  ]),
  { id: 'SecretReference', description: 'A reference to a secret: { env: NAME } or { file: PATH }.' },
);
export type SecretReference = z.infer<typeof SecretReference>;

/** How a reference is named in messages. */
export const describeReference = (reference: SecretReference): string =>
  'env' in reference ? `environment variable ${reference.env}` : reference.file;

/**
 * Reads the secret. Relative paths start at `folder`. Throws `invalid` where there is none and `denied` where others may
 * read the file, too; `shared` accepts that, for files whose mode is not ours to choose: Kubernetes mounts its tokens so.
 */
export async function readSecretReference(
  reference: SecretReference,
  folder: string,
  access: 'private' | 'shared' = 'private',
): Promise<Secret> {
  return 'env' in reference
    ? fromEnvironment(reference.env)
    : fromFile(resolve(folder, reference.file), reference.file, access);
}

function fromEnvironment(name: string): Secret {
  const value = process.env[name];
  if (value) return new Secret(value);
  throw new KeyturnError('invalid', `environment variable ${name} is not set`, {
    hint: 'set it where keyturn runs, or refer to a file',
  });
}

async function fromFile(path: string, shown: string, access: 'private' | 'shared'): Promise<Secret> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const [code, what] =
      cause.code === 'ENOENT'
        ? (['invalid', 'does not exist'] as const)
        : (['denied', `cannot be read (${cause.code})`] as const);
    throw new KeyturnError(code, `${shown} ${what}`, {
      hint: 'check the path; what the embedded store needs is made by keyturn init',
      cause,
    });
  });
  try {
    const { mode } = await file.stat();
    if (access === 'private' && (mode & 0o077) !== 0) {
      throw new KeyturnError(
        'denied',
        `${shown} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
        { hint: `chmod 600 ${shown}` },
      );
    }
    return new Secret(await file.readFile());
  } finally {
    await file.close();
  }
}
