import { createHmac } from 'node:crypto';
import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
import type { Notifier, NotifierDependencies } from '../../src/ports/notifier.ts';
import type { Secret } from '../../src/secret.ts';
import { readSecretReference, SecretReference } from '../../src/secret-reference.ts';
import { createHttpClient } from '../http.ts';
import { documentOf } from './document.ts';
import { addressFrom, postJson } from './post.ts';

export const WebhookOptions = z.strictObject({
  url: about(SecretReference, 'The address that is posted to'),
  secret: about(SecretReference, 'What signs each request: whsec_ and base64, or any text'),
});
type WebhookOptions = z.infer<typeof WebhookOptions>;

/**
 * JSON, posted as Standard Webhooks has it (standardwebhooks.com): HMAC-SHA256 over id, timestamp and body. The id stays the
 * same when a message is sent again, so it also is the `Idempotency-Key`.
 */
export function openWebhook({ url, secret }: WebhookOptions, { clock, folder }: NotifierDependencies): Notifier {
  const client = createHttpClient({ now: () => clock.now() });
  return {
    async deliver(message) {
      const { id } = message;
      const body = documentOf(message);
      const timestamp = `${Math.floor(clock.now().getTime() / 1000)}`;
      const key = keyOf(await readSecretReference(secret, folder));
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
      await postJson(client, await addressFrom(url, folder), body, {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
        'idempotency-key': id,
      });
    },
  };
}

function keyOf(secret: Secret): Buffer {
  const text = secret.revealText().trim();
  return text.startsWith('whsec_') ? Buffer.from(text.slice(6), 'base64') : Buffer.from(text);
}
