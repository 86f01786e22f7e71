import { KeyturnError } from '../../src/errors.ts';
import { readSecretReference, type SecretReference } from '../../src/secret-reference.ts';
import { isSafeAddress } from '../address.ts';
import type { HttpClient, HttpRequest } from '../http.ts';

/** Sends one request and is content with every 2xx. What it throws repeats neither address nor body. */
export async function send(client: HttpClient, request: HttpRequest): Promise<void> {
  const result = await client.request(request);
  const { status, retryAfter } = result;
  if (result.kind === 'answer' && result.status < 300) return;
  const wait = retryAfter === undefined ? {} : { retryAfter };
  const what = result.kind === 'trouble' ? result.detail : `status ${result.status}`;
  if (status === 429 || (result.kind === 'trouble' && /^(rate-limited|banned)$/.test(result.why))) {
    throw new KeyturnError('throttled', `it wants a pause (${what})`, { ...wait, hint: 'it is told later' });
  }
  if (result.kind === 'trouble' || result.status >= 500) {
    throw new KeyturnError('unavailable', `it did not take the message on (${what})`, {
      ...wait,
      ambiguous: true,
      hint: 'check that it is up and can be reached from here',
    });
  }
  throw new KeyturnError('refused', `it refused the message (${what})`, {
    hint: 'check its address and secret; both are read where keyturn runs',
  });
}

export const postJson = (
  client: HttpClient,
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<void> =>
  send(client, { method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, body });

/** The address that a reference leads to. Throws `invalid` where there is none; an address can be a secret, so it is not shown. */
export async function addressFrom(reference: SecretReference, folder: string): Promise<string> {
  const text = (await readSecretReference(reference, folder)).revealText().trim();
  if (isSafeAddress(text)) return text;
  throw new KeyturnError('invalid', 'what its url refers to is no address that can be used', {
    hint: 'it must start with https://; plain http is for this machine only',
  });
}
