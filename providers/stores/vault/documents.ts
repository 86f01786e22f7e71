import * as z from 'zod/mini';
import { KeyturnError } from '../../../src/errors.ts';
import type { Material } from '../../../src/ports/store.ts';
import { Secret } from '../../../src/secret.ts';
import type { Fields, Version } from './kv.ts';

/** What the documents hold. Texts stay texts: the engine rounds whole numbers beyond 2^53. */

export const Text = z.object({ doc: z.string() });
export const ApiKey = z.object({ apiKey: z.string() });
export const Public = z.object({ publicKey: z.string(), fingerprint: z.string() });

const Pair = z.extend(Public, {
  privateKey: z.string(),
  passphrase: z.nullable(z.string()),
});

/** What consumers read: one whole key. */
export const Current = z.extend(Pair, {
  apiKey: z.string(),
  generation: z.int(),
  /** The generation before it: during the overlap its consumers may still use what they read earlier. */
  previous: z.nullable(z.object({ generation: z.int(), fingerprint: z.string() })),
});
export type Current = z.output<typeof Current>;

/** What stands there once consumers are to read nothing of this key any more. */
export const Withdrawn = z.strictObject({ withdrawn: z.literal(true) });

export const pairFields = ({ privateKey, passphrase, publicKey, fingerprint }: Material): Fields => ({
  privateKey: privateKey.revealText(),
  passphrase: passphrase?.revealText() ?? null,
  publicKey,
  fingerprint,
});

export function materialIn(version: Extract<Version, { state: 'there' }>, what: string): Material {
  const { privateKey, passphrase, publicKey, fingerprint } = contents(Pair, version, what);
  return {
    privateKey: new Secret(privateKey),
    passphrase: passphrase === null ? null : new Secret(passphrase),
    publicKey,
    fingerprint,
  };
}

/** Throws `corrupt` for fields that are not as they were written. */
function contents<T>(schema: z.ZodMiniType<T>, { fields }: Extract<Version, { state: 'there' }>, what: string): T {
  const found = schema.safeParse(fields);
  if (found.success) return found.data;
  throw corrupt(`${what} is not as keyturn writes it`);
}

export const corrupt = (what: string): KeyturnError =>
  new KeyturnError('corrupt', `in Vault, ${what}`, {
    hint: 'restore it: bao kv undelete for what was deleted, else from a snapshot',
  });

/** The fields of a document, null where there never was one; one that was deleted by hand is `corrupt`. */
export function contentsOrNull<T>(schema: z.ZodMiniType<T>, version: Version, what: string): T | null {
  if (version.state === 'absent') return null;
  if (version.state === 'there') return contents(schema, version, what);
  throw corrupt(`${what} was ${version.state} by somebody (version ${version.version})`);
}
