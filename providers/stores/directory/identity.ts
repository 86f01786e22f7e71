import { join } from 'node:path';
import { KeyturnError } from '../../../src/errors.ts';
import { createOnce, ensureFolder, exists, readIfThere } from './files.ts';

export interface EmbeddedFiles {
  created: string[];
  existing: string[];
  /** The identity, where it is gone: another one would open nothing of what is encrypted to the recipients. */
  lost: string[];
}

/**
 * Identities of the embedded store: `identity.txt` for keyturn, `recovery.txt` to be kept elsewhere, and `recipients.txt`
 * with the public halves of both. Never overwrites; completes what a stop left half done.
 */
export async function createEmbeddedIdentities(folder: string): Promise<EmbeddedFiles> {
  const [identity, recovery, recipients] = ['identity.txt', 'recovery.txt', 'recipients.txt'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await ensureFolder(folder);
  // Once the recipients are there the recovery identity may have been moved away, as it should be.
  if (await exists(recipients)) {
    const isThere = await exists(identity);
    return { created: [], existing: isThere ? [identity, recipients] : [recipients], lost: isThere ? [] : [identity] };
  }
  const made = [await createIdentity(identity), await createIdentity(recovery)];
  const lines = [
    '# Everything in the store is encrypted to both: identity.txt, recovery.txt.',
    ...made.map(({ recipient }) => recipient),
  ];
  await createOnce(recipients, `${lines.join('\n')}\n`);
  const files = [identity, recovery];
  return {
    created: [...files.filter((_, index) => made[index]?.isNew), recipients],
    existing: files.filter((_, index) => !made[index]?.isNew),
    lost: [],
  };
}

/** In the form `age-keygen` writes. */
async function createIdentity(path: string): Promise<{ recipient: string; isNew: boolean }> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const isNew = await createOnce(path, `# public key: ${await identityToRecipient(identity)}\n${identity}\n`);
  const stored = (await readIfThere(path))?.toString('utf8').match(/AGE-SECRET-KEY-1[0-9A-Z]+/)?.[0] ?? '';
  // A recipient whose identity is nowhere would take in keys that nobody can ever open. The library's own error would
  // quote the identity, so it is not passed on.
  const recipient = await identityToRecipient(stored).catch(() => {
    throw new KeyturnError('invalid', `${path} holds no age identity, or a damaged one`, {
      hint: 'it must hold a line that starts with AGE-SECRET-KEY-1; move the file away to have one made',
    });
  });
  return { recipient, isNew };
}
