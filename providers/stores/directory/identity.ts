import { join } from 'node:path';
import { createOnce, ensureFolder, exists, readIfThere } from './files.ts';

/**
 * Identities of the embedded store: `identity.txt` for keyturn, `recovery.txt` to be kept elsewhere, and `recipients.txt`
 * with the public halves of both. Never overwrites; completes what a stop left half done.
 */
export async function createEmbeddedIdentities(folder: string): Promise<{ created: string[]; existing: string[] }> {
  const [identity, recovery, recipients] = ['identity.txt', 'recovery.txt', 'recipients.txt'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await ensureFolder(folder);
  // Once the recipients are there the recovery identity may have been moved away, as it should be.
  if (await exists(recipients)) return { created: [], existing: [identity, recipients] };
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
  };
}

/** In the form `age-keygen` writes. */
async function createIdentity(path: string): Promise<{ recipient: string; isNew: boolean }> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const isNew = await createOnce(path, `# public key: ${await identityToRecipient(identity)}\n${identity}\n`);
  const stored = (await readIfThere(path))?.toString('utf8').match(/AGE-SECRET-KEY-1[0-9A-Z]+/)?.[0] ?? identity;
  return { recipient: await identityToRecipient(stored), isNew };
}
