import type { client as NodeVault } from 'node-vault';
import * as z from 'zod/mini';
import { KeyturnError } from '../../../src/errors.ts';
import type { Call, Transport } from './transport.ts';

/**
 * Requests by node-vault over our transport. Answers are 200, 204 or, where an absent thing is an answer, 404; everything
 * else is thrown as a KeyturnError whose message names the operation.
 */
export interface Api {
  /** Reads, or with `body` writes. */
  send(request: Request): Promise<Reply>;
}

export interface Request {
  path: string;
  /** As an infinitive, for messages. */
  about: string;
  /** Undefined: a read. */
  body?: object;
  /** `list`: the names below a path. */
  verb?: 'list';
  /** Undefined: as nobody. */
  token?: string;
}

export interface Reply {
  status: number;
  body: unknown;
}

export interface ApiOptions {
  address: string;
  namespace: string | undefined;
  transport: Transport;
}

export async function openApi({ address, namespace, transport }: ApiOptions): Promise<Api> {
  const client = await nodeVault(transport);
  // Set, not passed: for what is missing or empty node-vault would look into VAULT_* of the environment.
  Object.assign(client, {
    endpoint: address.replace(/\/+$/, ''),
    namespace: namespace ?? '',
    pathPrefix: '',
    token: '',
  });
  return {
    async send({ path, about, body, verb, token }) {
      const options = {
        about,
        effect: body === undefined ? 'none' : 'write',
        headers: { 'X-Vault-Request': 'true', ...(token === undefined ? {} : { 'X-Vault-Token': token }) },
      } satisfies Partial<Call>;
      try {
        if (body !== undefined) return { status: 200, body: await client.write(path, body, options) };
        return { status: 200, body: await (verb === 'list' ? client.list(path, options) : client.read(path, options)) };
      } catch (error) {
        return understood(error, about);
      }
    },
  };
}

/** Loaded when a store is opened, and kept from everything it does by itself: sending, and printing for DEBUG. */
async function nodeVault(transport: Transport): Promise<NodeVault> {
  const { default: create } = await import('node-vault');
  return create({
    debug: () => undefined,
    // A LIST verb does not get past every proxy; `?list=1` means the same.
    noCustomHTTPVerbs: true,
    'request-promise': { defaults: () => transport },
  });
}

/** The form of node-vault’s own errors, which hold nothing but status and body. */
const Refusal = z.object({ response: z.object({ statusCode: z.number(), body: z.unknown() }) });
const Errors = z.object({ errors: z.array(z.string()) });

function understood(error: unknown, about: string): Reply {
  const refusal = Refusal.safeParse(error);
  if (!refusal.success) throw error;
  const { statusCode: status, body } = refusal.data.response;
  if (status === 404) return { status, body };
  const texts = Errors.safeParse(body).data?.errors.join(' ') ?? '';
  if (status === 403)
    throw new KeyturnError('denied', `Vault did not ${about}: permission denied (403)`, {
      hint: 'give the login the rights that keyturn policy vault prints; a token may also have expired',
    });
  if (texts.includes('check-and-set parameter did not match'))
    throw new KeyturnError('conflict', `Vault did not ${about}: somebody else wrote first`, { hint: 'run again' });
  throw new KeyturnError('invalid', `Vault did not ${about}: it refused the request (${status})`, {
    hint: 'look at its audit log for the request and its error; check mount, prefix and namespace in keyturn.yaml',
  });
}
