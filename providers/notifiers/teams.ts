import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
import type { Message, Notifier, NotifierDependencies } from '../../src/ports/notifier.ts';
import { SecretReference } from '../../src/secret-reference.ts';
import { createHttpClient } from '../http.ts';
import { addressFrom, postJson } from './post.ts';

export const TeamsOptions = z.strictObject({
  url: about(SecretReference, 'The address of a workflow that posts to a channel when a webhook request is received'),
});
type TeamsOptions = z.infer<typeof TeamsOptions>;

/** A channel of Microsoft Teams, through one of its workflows. */
export function openTeams({ url }: TeamsOptions, { clock, folder }: NotifierDependencies): Notifier {
  const client = createHttpClient({ now: () => clock.now() });
  return {
    async deliver(message) {
      await postJson(client, await addressFrom(url, folder), JSON.stringify(cardOf(message)));
    },
  };
}

const cardOf = ({ title, lines }: Message) => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [textBlock(title, { weight: 'bolder' }), ...lines.map((line) => textBlock(line))],
      },
    },
  ],
});

const textBlock = (text: string, style: { weight?: 'bolder' } = {}) => ({
  type: 'TextBlock',
  text,
  wrap: true,
  ...style,
});
