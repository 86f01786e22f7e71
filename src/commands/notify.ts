import { messageOf } from '../core/notification-text.ts';
import { explain, isKeyturnError, KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import type { Channel, Message } from '../ports/notifier.ts';
import { nearest } from '../suggest.ts';
import { openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import type { CommandIo } from './io.ts';

export interface NotifyTestOptions extends WorkspaceOptions {
  name: string | undefined;
}

/** Sends a test message through one notifier, or through all; no hook is called. */
export async function notifyTest(options: NotifyTestOptions, io: CommandIo): Promise<ExitStatus> {
  const { ports, clock } = await openWorkspace(options);
  const channels = await ports.channels();
  const notifiers = channels
    .filter(({ name }) => name.startsWith('notifiers/'))
    .map((channel) => ({ ...channel, name: channel.name.slice('notifiers/'.length) }));
  const chosen = options.name === undefined ? notifiers : [notifierNamed(notifiers, options.name)];
  if (chosen.length === 0) throw none();
  const message = testMessage(clock.now());
  const results = await Promise.all(chosen.map((channel) => tried(channel, message)));
  for (const { name, failure } of results) io.stdout.write(`${name}: ${failure ?? 'sent'}\n`);
  return results.some(({ failure }) => failure !== null) ? EXIT.FAILED : EXIT.OK;
}

async function tried({ name, notifier }: Channel, message: Message): Promise<{ name: string; failure: string | null }> {
  try {
    await notifier.deliver(message);
    return { name, failure: null };
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return { name, failure: `failed: ${explain(error)}` };
  }
}

function notifierNamed(notifiers: readonly Channel[], name: string): Channel {
  const found = notifiers.find((each) => each.name === name);
  if (found) return found;
  const names = notifiers.map((each) => each.name);
  const meant = nearest(name, names);
  throw new KeyturnError('usage', `there is no notifier named ${name}`, {
    hint: meant ? `did you mean ${meant}?` : names.length > 0 ? `known: ${names.join(', ')}` : (none().hint ?? ''),
  });
}

const none = (): KeyturnError =>
  new KeyturnError('usage', 'there is no notifier', { hint: 'name one under notifiers in keyturn.yaml' });

/** About no key, and another one each time. */
function testMessage(now: Date): Message {
  const at = now.toISOString();
  return messageOf([
    {
      id: `test/${at}`,
      event: 'test',
      subject: `test/${at}`,
      step: 0,
      key: 'keyturn/test',
      account: 'keyturn',
      application: 'keyturn',
      venue: 'none',
      owner: null,
      generation: null,
      at,
      deadline: null,
      message: 'this is a test; nothing is to be done',
      hint: null,
    },
  ]);
}
