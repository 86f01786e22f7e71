import * as z from 'zod/mini';
import type { Credential, VenueDependencies } from '../../src/ports/venue.ts';
import { readSecretReference, SecretReference } from '../../src/secret-reference.ts';

/** A key, made by people, that may manage the other keys of an account. */
export const ManagingKey = z.strictObject({
  apiKey: SecretReference,
  privateKey: SecretReference,
  passphrase: z.optional(SecretReference),
});
export type ManagingKey = z.infer<typeof ManagingKey>;

export interface Manager {
  /** Opens it when it is first needed. What came to nothing is tried again the next time. */
  credential(): Promise<Credential>;
  /** The venue did not take it: it is opened anew before it is used again, since people replace it, too. */
  distrust(): void;
}

export function managerWith(key: ManagingKey, dependencies: VenueDependencies): Manager {
  let opened: Promise<Credential> | null = null;
  return {
    async credential() {
      opened ??= openManagingKey(key, dependencies);
      try {
        return await opened;
      } catch (error) {
        opened = null;
        throw error;
      }
    },
    distrust() {
      opened = null;
    },
  };
}

async function openManagingKey(
  { apiKey, privateKey, passphrase }: ManagingKey,
  { keys, folder }: VenueDependencies,
): Promise<Credential> {
  const text = async (reference: SecretReference) => readSecretReference(reference, folder);
  const material = keys.adopt(await text(privateKey), passphrase ? await text(passphrase) : null, false);
  return { apiKey: (await text(apiKey)).revealText().trim(), signer: keys.signer(material) };
}
