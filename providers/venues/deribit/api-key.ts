import * as z from 'zod/mini';
import type { Inspection, Key, ListedKey } from '../../../src/ports/venue.ts';
import { fingerprintOrNull } from '../public-key.ts';
import { RESOURCES, SCOPES } from './capabilities.ts';

/** A key as `private/list_api_keys` shows it, to any key of the account that may read the account [D-KEY]. */
export const ApiKey = z.object({
  id: z.int(),
  client_id: z.string().check(z.minLength(1)),
  name: z._default(z.string(), ''),
  max_scope: z.string(),
  enabled: z.boolean(),
  public_key: z.nullish(z.string()),
  ip_whitelist: z.nullish(z.array(z.string())),
});
export type ApiKey = z.infer<typeof ApiKey>;
/** What every key that may read its account can call. */
export const LIST = { method: 'private/list_api_keys', parameters: {}, schema: z.array(ApiKey) };

/** Whose keys the list is of, read of the account itself: two accounts could list each other’s absence [C-DERIBIT]. */
export const WHOSE = {
  method: 'private/get_account_summaries',
  parameters: { extended: true },
  schema: z.object({ id: z.int() }),
};

/** Its `timestamp` is that of its last change, which is no age. */
export const listed = ({ client_id, name, public_key, enabled }: ApiKey): ListedKey => ({
  apiKey: client_id,
  label: name,
  fingerprint: fingerprintOrNull(public_key),
  createdAt: null,
  enabled,
});

export const inspectionOf = (key: ApiKey, siblings: readonly ApiKey[], accountId: number): Inspection => ({
  switches: switchesIn(key.max_scope),
  allowlistOn: (key.ip_whitelist ?? []).length > 0,
  allowlist: key.ip_whitelist ?? [],
  fingerprint: fingerprintOrNull(key.public_key),
  createdAt: null,
  expiresAt: null,
  accountUid: `${accountId}`,
  siblings: siblings.map(listed),
});

/** Reading is one permission, whatever is read: `account:read trade:read wallet:none` is `read`. */
function switchesIn(maxScope: string): Inspection['switches'] {
  const scopes = maxScope.split(/\s+/).filter((scope) => scope !== '' && !scope.endsWith(':none'));
  const known = RESOURCES.flatMap((resource) => [`${resource}:read`, `${resource}:read_write`]);
  const reads = scopes.some((scope) => /^account:read(_write)?$/.test(scope));
  return [
    { field: SCOPES.reading, on: reads },
    ...RESOURCES.map((resource) => `${resource}:read_write`).map((field) => ({ field, on: scopes.includes(field) })),
    ...scopes.filter((scope) => !known.includes(scope)).map((field) => ({ field, on: true })),
  ];
}

/** The scope of a key of this purpose: what only reads sees the wallet, too; what trades does not. */
export function scopeFor({ permissions }: Key): string {
  const wants = (among: readonly string[]) => permissions.some((each) => among.includes(each));
  const trade = wants(SCOPES.trading) ? 'read_write' : 'read';
  const wallet = wants(SCOPES.moving) ? 'read_write' : trade === 'read' ? 'read' : 'none';
  return `account:read trade:${trade} wallet:${wallet} block_trade:none block_rfq:none`;
}
