import type { Message } from '../../src/ports/notifier.ts';

/** A message as programs get it; the schema is docs/schemas/notification.json. */
export const documentOf = ({ id, title, notifications }: Message): string =>
  JSON.stringify({ formatVersion: 1, id, title, notifications });
