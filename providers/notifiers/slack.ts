import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
import type { Notifier, NotifierDependencies } from '../../src/ports/notifier.ts';
import { SecretReference } from '../../src/secret-reference.ts';
import { createHttpClient } from '../http.ts';
import { addressFrom, postJson } from './post.ts';

export const SlackOptions = z.strictObject({
  url: about(SecretReference, 'The address of an incoming webhook; whoever knows it can write to the channel'),
});
type SlackOptions = z.infer<typeof SlackOptions>;

/** A channel of Slack, or of what speaks the same (Mattermost, Rocket.Chat). */
export function openSlack({ url }: SlackOptions, { clock, folder }: NotifierDependencies): Notifier {
  const client = createHttpClient({ now: () => clock.now() });
  return {
    async deliver({ title, lines }) {
      const text = [`*${escaped(title)}*`, ...lines.map(escaped)].join('\n');
      await postJson(client, await addressFrom(url, folder), JSON.stringify({ text }));
    },
  };
}

/** The three characters that Slack’s own marks begin with. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
