import type { Signer } from '../../../src/ports/keys.ts';

/**
 * A query as Binance wants it signed: percent-encoded first, the signature over exactly these characters, then added as
 * the last parameter in percent-encoded base64 (rest-api.md, “SIGNED endpoint security”).
 */
export function signedQuery(parameters: Record<string, string>, signer: Signer): string {
  const query = new URLSearchParams(parameters).toString();
  const signature = signer.sign(Buffer.from(query)).toString('base64');
  return `${query}&signature=${encodeURIComponent(signature)}`;
}
