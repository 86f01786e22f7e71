import type { Algorithm } from '../core/policy.ts';
import type { Secret } from '../secret.ts';
import type { Material } from './store.ts';

/** Makes and uses key pairs. */
export interface Keys {
  /**
   * A fresh pair, generated off the main thread: PKCS#8 PEM, encrypted (PBES2, AES-256-CBC) under a random 256-bit
   * passphrase where that is wanted; SPKI PEM public half; fingerprint. The private half was read back and
   * signs for the public one before this returns.
   */
  generate(algorithm: Algorithm, isEncrypted: boolean): Promise<Material>;
  /** Opens the private half. Throws `corrupt` when it does not open or does not belong to the public half. */
  signer(material: Material): Signer;
  /**
   * The pair of a private half made elsewhere: PEM in PKCS#8 or PKCS#1, encrypted or not. Where a
   * passphrase is wanted and there is none, it gets a random one; otherwise text and passphrase stay as they are. Throws `invalid` for what is no private key, does not open, or is neither RSA of 2048, 3072 or 4096 bits nor Ed25519.
   */
  adopt(privateKey: Secret, passphrase: Secret | null, isEncrypted: boolean): Material & { algorithm: Algorithm };
  /** A pair nobody will keep, for negative controls. */
  throwAway(): Promise<Signer>;
}

/** Signs as venues want it: RSASSA-PKCS1-v1_5 with SHA-256 for RSA keys, plain Ed25519 for the others. */
export interface Signer {
  /** The public half, SPKI PEM. */
  readonly publicKey: string;
  sign(bytes: Buffer): Buffer;
}

/** A key id together with what signs for it. */
export interface Credential {
  apiKey: string;
  signer: Signer;
}

export { opensshOf } from '../core/public-key.ts';
export type { Material };
