import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Decrypter, Encrypter } from 'age-encryption';
import { KeyturnError } from '../../../src/errors.ts';
import { Secret } from '../../../src/secret.ts';
import { describeReference, readSecretReference, type SecretReference } from '../../../src/secret-reference.ts';

/** Encryption to the store’s recipients in the age format (https://age-encryption.org/v1), X25519, readable by `age -d`. */

export interface Sealing {
  /** Throws `invalid` when the recipients are not there, too few, or malformed. */
  checkRecipients(): Promise<void>;
  /** Throws `invalid` or `denied` when nothing could be opened. */
  checkIdentity(): Promise<void>;
  /** Whether what is sealed from now on could be opened here. Throws as the two checks do. */
  isOwnRecipient(): Promise<boolean>;
  seal(plain: Secret): Promise<Buffer>;
  /** Throws `invalid` or `denied` for the identity, `corrupt` for a file it does not open. */
  open(sealed: Buffer, path: string): Promise<Secret>;
}

export interface SealingOptions {
  identity: SecretReference;
  /** Undefined: they stand in recipients.txt beside the identity. */
  recipients: readonly string[] | undefined;
  folder: string;
}

const INIT = 'keyturn init makes identity, recovery identity and recipients of the embedded store';
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;

export function sealing({ identity, recipients, folder }: SealingOptions): Sealing {
  const knownRecipients = once(() => recipientsOf(identity, recipients, folder));
  const knownIdentities = once(() => identitiesOf(identity, folder));
  const knownDecrypter = once(async () => decrypterFor(identity, await knownIdentities()));
  return {
    async checkRecipients() {
      await knownRecipients();
    },
    async checkIdentity() {
      await knownDecrypter();
    },
    async isOwnRecipient() {
      const { identityToRecipient } = await import('age-encryption');
      const recipients = await knownRecipients();
      const own = await Promise.all((await knownIdentities()).map((each) => identityToRecipient(each.revealText())));
      return own.some((recipient) => recipients.includes(recipient));
    },
    async seal(plain) {
      const { Encrypter } = await import('age-encryption');
      const encrypter = new Encrypter();
      for (const recipient of await knownRecipients()) encrypter.addRecipient(recipient);
      return Buffer.from(await encrypter.encrypt(plain.reveal()));
    },
    async open(sealed, path) {
      const decrypter = await knownDecrypter();
      try {
        return new Secret(Buffer.from(await decrypter.decrypt(sealed)));
      } catch {
        throw new KeyturnError('corrupt', `${path} does not open with ${describeReference(identity)}`, {
          hint: 'check that this is the identity the store was made with; if the file was damaged, restore it from a backup',
        });
      }
    },
  };
}

/** Two at least: who loses the only identity loses every key. */
async function recipientsOf(
  identity: SecretReference,
  listed: readonly string[] | undefined,
  folder: string,
): Promise<readonly string[]> {
  const recipients = listed ?? (await recipientsBeside(identity, folder));
  const where = listed || 'env' in identity ? 'recipients' : besideIdentity(identity.file);
  const { Encrypter } = await import('age-encryption');
  const malformed = recipients.find((recipient) => !isRecipient(new Encrypter(), recipient));
  if (malformed !== undefined)
    throw new KeyturnError('invalid', `${where}: “${malformed.slice(0, 12)}…” is not an age recipient`, {
      hint: 'recipients start with age1 and have 62 characters; age-keygen -y prints them',
    });
  if (new Set(recipients).size < 2)
    throw new KeyturnError(
      'invalid',
      `${where}: fewer than two recipients, so that losing one identity would lose every key`,
      { hint: `${INIT}; or list at least two in keyturn.yaml` },
    );
  return recipients;
}

/** Of the right form and with the right checksum. */
function isRecipient(encrypter: Encrypter, recipient: string): boolean {
  try {
    encrypter.addRecipient(recipient);
    return RECIPIENT.test(recipient);
  } catch {
    return false;
  }
}

export const besideIdentity = (identityFile: string, name = 'recipients.txt'): string =>
  join(dirname(identityFile), name);

async function recipientsBeside(identity: SecretReference, folder: string): Promise<string[]> {
  if ('env' in identity)
    throw new KeyturnError('invalid', 'the store’s recipients are not listed', {
      hint: 'list at least two under recipients in keyturn.yaml',
    });
  const path = resolve(folder, besideIdentity(identity.file));
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new KeyturnError(
      'invalid',
      `the store has no recipients: ${besideIdentity(identity.file)} cannot be read (${cause.code})`,
      { hint: `run keyturn init: it makes identity, recovery identity and recipients`, cause },
    );
  });
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

async function identitiesOf(reference: SecretReference, folder: string): Promise<Secret[]> {
  const text = (await readSecretReference(reference, folder)).revealText();
  const identities = text.split(/\s+/).filter((word) => /^AGE-SECRET-KEY-1[0-9A-Z]+$/.test(word));
  if (identities.length > 0) return identities.map((identity) => new Secret(identity));
  throw new KeyturnError('invalid', `${describeReference(reference)} holds no age identity`, {
    hint: 'it must hold a line that starts with AGE-SECRET-KEY-1, as age-keygen writes it',
  });
}

/** The library’s own error would quote the identity, so it is not passed on. */
async function decrypterFor(reference: SecretReference, identities: readonly Secret[]): Promise<Decrypter> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  try {
    for (const identity of identities) decrypter.addIdentity(identity.revealText());
  } catch {
    throw new KeyturnError('invalid', `${describeReference(reference)} holds an age identity that is damaged`, {
      hint: 'copy it again from where it was made, or use the recovery identity',
    });
  }
  return decrypter;
}

/** Asks once; what failed is asked again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
