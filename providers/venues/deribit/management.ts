import * as z from 'zod/mini';
import { KeyturnError } from '../../../src/errors.ts';
import type { KeyManagement, Listing, Refused, VenueDependencies } from '../../../src/ports/venue.ts';
import { type Manager, type ManagingKey, managerWith } from '../managing-key.ts';
import { type Reading, troubleFrom } from '../reading.ts';
import { ApiKey, LIST, listed, scopeFor } from './api-key.ts';
import type { Call, DeribitClient } from './client.ts';

/**
 * Keys of an account by API, with a key of the same account whose scope is `account:read_write` [D-KEY]. Where the account has
 * a second factor, Deribit asks for it, and only a person has it [D-SEC].
 */

type NeedsPerson = { outcome: 'person'; message: string };

const NEEDS_PERSON: NeedsPerson = {
  outcome: 'person',
  message: 'Deribit wants a second factor for it, which only a person has',
};

export function deribitManagement(
  client: DeribitClient,
  managing: Readonly<Record<string, ManagingKey>>,
  dependencies: VenueDependencies,
): KeyManagement {
  const managers = new Map<string, Manager>();

  function managerOf(account: string): Manager {
    const key = managing[account];
    if (key === undefined) {
      throw new KeyturnError('invalid', `keyturn.yaml names no managing key for account ${account}`, {
        hint: 'add it to managing of the venue, or give the account a venue without: people then register and delete its keys',
      });
    }
    const manager = managers.get(account) ?? managerWith(key, dependencies);
    managers.set(account, manager);
    return manager;
  }

  async function ask<Body>(account: string, call: Call<Body>): Promise<Reading<Body>> {
    const manager = managerOf(account);
    const token = await client.signIn(await manager.credential());
    if (token.body !== null) return client.call(call, token.body);
    if (token.answer.kind !== 'no-information') manager.distrust();
    return { ...token, body: null };
  }

  /** Done, refused, or for a person; anything else leaves the outcome unknown. */
  async function change<Body>(
    account: string,
    what: string,
    call: Call<Body>,
  ): Promise<{ body: Body } | Refused | NeedsPerson> {
    const reading = await ask(account, call);
    const { body, answer, detail } = reading;
    if (body !== null) return { body };
    if (answer.why === 'second-factor') return NEEDS_PERSON;
    if (answer.kind === 'refused' || (answer.status === 400 && answer.code !== null)) {
      return { outcome: 'refused', message: `${what} was refused (${detail})` };
    }
    throw unanswered(what, reading);
  }

  const edit = (account: string, id: number, key: Parameters<typeof scopeFor>[0], name: string) =>
    change(account, 'setting scope and addresses', {
      method: 'private/edit_api_key',
      parameters: { id, name, max_scope: scopeFor(key), enabled: true, ip_whitelist: key.ipAllowlist },
      schema: ApiKey,
    });

  return {
    async list(account): Promise<Listing> {
      const reading = await ask(account, LIST);
      return reading.body === null ? troubleFrom(reading) : { state: 'listed', keys: reading.body.map(listed) };
    },

    /** Creating takes no addresses: they follow at once. Where that fails, verification finds them missing, and mends it. */
    async register({ key, publicKey, label }) {
      const cannot = beyondReach(key.permissions);
      if (cannot) return { outcome: 'refused', message: cannot };
      const created = await change(key.account, 'registering', {
        method: 'private/create_api_key',
        parameters: { name: label, max_scope: scopeFor(key), public_key: publicKey },
        schema: ApiKey,
      });
      if (!('body' in created)) return created;
      const { id, client_id } = created.body;
      if (key.ipAllowlist.length > 0) await edit(key.account, id, key, label);
      return { outcome: 'registered', apiKey: client_id };
    },

    async configure(apiKey, key) {
      const keys = await change(key.account, 'listing the keys', LIST);
      if (!('body' in keys)) return changed(keys);
      const subject = keys.body.find(({ client_id }) => client_id === apiKey);
      if (subject === undefined) return { outcome: 'refused', message: 'Deribit does not list this key' };
      return changed(await edit(key.account, subject.id, key, subject.name));
    },

    async remove(account, { apiKey }) {
      const keys = await change(account, 'listing the keys', LIST);
      if (!('body' in keys)) return changed(keys);
      const subject = keys.body.find(({ client_id }) => client_id === apiKey);
      if (subject === undefined) return { outcome: 'absent' };
      const removed = await change(account, 'deleting', {
        method: 'private/remove_api_key',
        parameters: { id: subject.id },
        schema: z.literal('ok'),
      });
      return changed(removed);
    },
  };
}

const changed = (done: { body: unknown } | Refused | NeedsPerson): { outcome: 'changed' } | Refused =>
  'body' in done ? { outcome: 'changed' } : { outcome: 'refused', message: done.message };

const unanswered = (what: string, { detail, answer: { retryAfter } }: Reading<unknown>): KeyturnError =>
  new KeyturnError('unavailable', `${what}: the venue gave no usable answer (${detail})`, {
    hint: 'whether it took effect is looked up by the next run',
    ambiguous: true,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });

const GIVEN: readonly string[] = ['read', 'spot-trade', 'futures-trade', 'options-trade', 'withdraw', 'transfer'];

function beyondReach(permissions: readonly string[]): string | null {
  const unknown = permissions.filter((each) => !GIVEN.includes(each));
  return unknown.length === 0 ? null : `Deribit has no scope for ${unknown.join(', ')}`;
}
