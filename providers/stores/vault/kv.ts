import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { isKeyturnError, KeyturnError } from '../../../src/errors.ts';
import type { Reply, Request } from './api.ts';
import type { Session } from './session.ts';

/** The operations of a KV version 2 secrets engine that the store is made of. Paths start below mount and prefix. */
export interface Kv {
  /** One version, by default the newest. `deleted` ones are hidden and can be brought back, `destroyed` ones are gone. */
  read(path: string, about: string, version?: number): Promise<Version>;
  /** Creates the path with these fields, or finds that it was created before, destroyed or not, and can be seen from here. */
  create(path: string, fields: Fields, about: string): Promise<'created' | 'exists'>;
  /** Writes the next version if `expected` is the newest (0: there is none yet), else throws `conflict`. Returns its number. */
  write(path: string, fields: Fields, expected: number, about: string): Promise<number>;
  /** What can be known of all versions without their values; null where there never was one. */
  stat(path: string, about: string): Promise<Versions | null>;
  /** Names directly below a path; those with more below end in `/`. */
  list(path: string, about: string): Promise<string[]>;
  /** Repeatable. The answer proves nothing: read back. */
  destroy(path: string, versions: readonly number[], about: string): Promise<void>;
}

export type Fields = Readonly<Record<string, unknown>>;

export type Version =
  | { state: 'there'; fields: unknown; version: number }
  | { state: 'absent' }
  | { state: 'deleted'; version: number }
  | { state: 'destroyed'; version: number };

export interface Versions {
  newest: number;
  /** By number; old ones are pruned. */
  states: ReadonlyMap<number, { state: 'there' | 'deleted' | 'destroyed'; createdAt: Date }>;
}

const VersionInfo = z.object({
  version: z.int(),
  deletion_time: z.string(),
  destroyed: z.boolean(),
});
const Found = z.object({ data: z.object({ data: z.unknown(), metadata: VersionInfo }) });
const Written = z.object({ data: VersionInfo });
const Metadata = z.object({
  data: z.object({
    current_version: z.int(),
    versions: z.record(
      z.string(),
      z.object({ created_time: z.iso.datetime(), deletion_time: z.string(), destroyed: z.boolean() }),
    ),
  }),
});
const Names = z.object({ data: z.object({ keys: z.array(z.string()) }) });
const NothingThere = z.object({ errors: z.array(z.unknown()).check(z.maxLength(0)) });

const LOOKS = 4;
const FIRST_PAUSE_MS = 50;

export interface KvOptions {
  session: Session;
  mount: string;
  prefix: string;
  /** Throws unless the mount is KV version 2: on another one, everything would seem to be absent. */
  assertKv2: () => Promise<void>;
}

export function kv2({ session, mount, prefix, assertKv2 }: KvOptions): Kv {
  const at = (verb: 'data' | 'metadata' | 'destroy', path: string) => `${mount}/${verb}/${prefix}/${path}`;

  /** Null: nothing was ever there. Any other 404 is none of a KV engine. */
  async function ask(request: Omit<Request, 'token'>): Promise<Reply | null> {
    const reply = await session.send(request);
    if (reply.status !== 404 || Found.safeParse(reply.body).success) return reply;
    await assertKv2();
    if (NothingThere.safeParse(reply.body).success) return null;
    throw strange(request.about, 404);
  }

  const kv: Kv = {
    async read(path, about, version) {
      const reply = await ask({ path: at('data', path) + (version ? `?version=${version}` : ''), about });
      if (reply === null) return { state: 'absent' };
      const { data, metadata } = parsed(Found, reply, about).data;
      if (metadata.destroyed) return { state: 'destroyed', version: metadata.version };
      if (reply.status === 404) return { state: 'deleted', version: metadata.version };
      assertKept(metadata, about);
      return { state: 'there', fields: data, version: metadata.version };
    },

    async create(path, fields, about) {
      for (let looks = 1; ; looks += 1) {
        const isLast = looks === LOOKS;
        try {
          await put(path, fields, 0, about, isLast);
          return 'created';
        } catch (error) {
          // What exists may not be updated, so a race that was lost may be answered like a right that is lacking.
          if (!isKeyturnError(error, 'conflict', 'denied')) throw error;
          if ((await kv.stat(path, about)) !== null) return 'exists';
          if (isLast) throw error;
        }
        // A node that lags behind has not seen it yet.
        await sleep(FIRST_PAUSE_MS * 2 ** looks);
      }
    },

    write: (path, fields, expected, about) => put(path, fields, expected, about, true),

    async stat(path, about) {
      const reply = await ask({ path: at('metadata', path), about });
      if (reply === null) return null;
      const { current_version: newest, versions } = parsed(Metadata, reply, about).data;
      const states = Object.entries(versions).map(([number, { created_time, deletion_time, destroyed }]) => {
        const isDeleted = deletion_time !== '' && Date.parse(deletion_time) <= Date.now();
        const state = destroyed ? 'destroyed' : isDeleted ? 'deleted' : 'there';
        return [Number(number), { state, createdAt: new Date(created_time) }] as const;
      });
      return newest === 0 ? null : { newest, states: new Map(states) };
    },

    async list(path, about) {
      const reply = await ask({ path: at('metadata', path), about, verb: 'list' });
      return reply === null ? [] : parsed(Names, reply, about).data.keys;
    },

    async destroy(path, versions, about) {
      await session.send({ path: at('destroy', path), about, body: { versions } });
    },
  };

  /** `cas` is always there and always a whole number: without it the engine overwrites, and it takes null for 0. */
  async function put(path: string, fields: Fields, cas: number, about: string, mayLogInAgain: boolean) {
    const body = { data: fields, options: { cas } };
    const reply = await session.send({ path: at('data', path), about, body }, { mayLogInAgain });
    if (reply.status === 404) {
      await assertKv2();
      throw strange(about, 404);
    }
    const { data } = parsed(Written, reply, about);
    assertKept(data, about);
    return data.version;
  }

  return kv;
}

function parsed<T>(schema: z.ZodMiniType<T>, { body, status }: Reply, about: string): T {
  const found = schema.safeParse(body);
  if (found.success) return found.data;
  throw strange(about, status);
}

const strange = (about: string, status: number): KeyturnError =>
  new KeyturnError('unsupported', `Vault did not ${about}: it answered (${status}) as no KV version 2 engine does`, {
    hint: 'check that mount and address in keyturn.yaml name a secrets engine of kind KV version 2',
  });

/** A deletion that lies ahead: the engine would let a key vanish while it is in use. */
function assertKept({ deletion_time }: z.output<typeof VersionInfo>, about: string): void {
  if (deletion_time === '') return;
  throw new KeyturnError('refused', `Vault did ${about}, but will delete it by itself at ${deletion_time}`, {
    hint: 'set delete_version_after to 0s on the mount and on this path, then bao kv undelete this version',
  });
}
