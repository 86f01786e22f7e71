import type { VenueCapabilities } from '../core/capabilities.ts';
import type { Key } from '../core/policy.ts';
import { isKeyturnError, KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { recordToActOn } from '../gather.ts';
import { tell } from '../notify.ts';
import type { Clock } from '../ports/clock.ts';
import { readRecord } from '../records.ts';
import { handIn, type TakenId } from '../steps/hand-in.ts';
import { keyToActOn } from '../uncovered.ts';
import type { Ports } from '../wire.ts';
import { actor, openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, promptText, readLine } from './io.ts';

export interface RegisterOptions extends WorkspaceOptions {
  key: string;
  id?: string | undefined;
  /** `-`: read it from standard input. */
  keyId?: string | undefined;
  generation?: number | undefined;
  by?: string | undefined;
}

/** A person hands in the key id the venue gave. */
export async function register(options: RegisterOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const key = await keyToActOn(workspace, options.key);
  const result = await recordKeyId(workspace, key, await idFrom('register', options, io), options);
  await tell(workspace, [key], io);
  const goesOn = 'keyturn apply verifies it and goes on';
  const said = {
    recorded: `recorded for ${key.id}; ${goesOn}`,
    same: `${key.id} has this key id already, nothing changed; keyturn status ${key.id} says where it stands`,
    replaced: `replaced for ${key.id}; delete the other one at the venue, unless it is somebody else’s (keyturn task ${key.id} lists it); ${goesOn}`,
  }[result];
  io.stdout.write(`${said}\n`);
  return EXIT.OK;
}

export async function idFrom(
  command: 'register' | 'adopt',
  { id, keyId, key }: Pick<RegisterOptions, 'id' | 'keyId' | 'key'>,
  io: CommandIo,
): Promise<string> {
  if (id !== undefined && keyId !== undefined)
    throw new KeyturnError('usage', 'give the key id once: as an argument, or with --key-id -');
  if (id !== undefined) return id;
  if (keyId === '-') return readLine(io.stdin);
  if (keyId !== undefined) return keyId;
  if (io.terminal.interactive) return promptText(`Key id of ${key}`);
  throw new KeyturnError('usage', 'the key id is missing', {
    hint: `keyturn ${command} ${key} KEY-ID, or --key-id - to read it from standard input`,
  });
}

/** What recording a key id needs: the records of all keys of the account. */
interface KeyIdRecords {
  keys: readonly Key[];
  clock: Clock;
  ports: Pick<Ports, 'sources' | 'store'>;
}

export async function recordKeyId(
  workspace: KeyIdRecords,
  key: Key,
  typed: string,
  { by, generation }: Pick<RegisterOptions, 'by' | 'generation'> = {},
): Promise<'recorded' | 'same' | 'replaced'> {
  const capabilities = workspace.ports.sources.capabilities(key.venue);
  const apiKey = parseKeyId(typed, capabilities);
  const store = await workspace.ports.store(key.store);
  const tools = { key, store, clock: workspace.clock, by: actor(by), capabilities };
  for (let tries = 1; ; tries++) {
    try {
      return await handIn(
        tools,
        await recordToActOn(workspace.ports.sources, store, key),
        apiKey,
        await takenIds(workspace, key.account),
        generation,
      );
    } catch (error) {
      if (!isKeyturnError(error, 'conflict') || tries >= 3) throw error;
    }
  }
}

/** Throws `usage` for what is no key id of the venue. */
export function parseKeyId(typed: string, { apiKey: { pattern, description }, title }: VenueCapabilities): string {
  const id = typed.trim();
  if (pattern.test(id)) return id;
  const wrong = /\s/.test(id)
    ? 'contains a space or line break'
    : id === ''
      ? 'is empty'
      : `has ${id.length} characters`;
  throw new KeyturnError('usage', `this is not a key id of ${title}: it ${wrong}, an id is ${description}`, {
    hint: 'copy the API key shown on the page, not the label and not the public key',
  });
}

/** Every key id that the account's records know. */
export async function takenIds({ keys, ports }: KeyIdRecords, account: string): Promise<TakenId[]> {
  const ofAccount = keys.filter((key) => key.account === account);
  const records = await Promise.all(
    ofAccount.map(async ({ store, storedAs }) => readRecord(await ports.sources.reader(store), storedAs)),
  );
  return records.flatMap((record, index) =>
    (record?.generations ?? []).flatMap(({ generation, apiKey, discardedApiKeys = [] }) =>
      [...(apiKey ? [apiKey] : []), ...discardedApiKeys].map((id) => ({
        apiKey: id,
        key: ofAccount[index]?.id ?? '',
        generation,
      })),
    ),
  );
}
