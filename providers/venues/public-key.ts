import { createPublicKey } from 'node:crypto';
import { fingerprintOf } from '../keys.ts';

/**
 * The fingerprint of a public key as a venue shows it: PEM, whose line ends and label it may have lost. Null for what is
 * none; nothing is concluded from that.
 */
export function fingerprintOrNull(shown: string | null | undefined): string | null {
  const base64 = (shown ?? '').replace(/-----(BEGIN|END) PUBLIC KEY-----/g, '').replace(/\\n|\s/g, '');
  try {
    return fingerprintOf(createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' }));
  } catch {
    return null;
  }
}
