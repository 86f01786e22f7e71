import { KeyturnError } from '../errors.ts';
import type { SandboxClock } from './clock.ts';
import { emptyForm, readForm, restrictionsOf, valuesOfKey } from './form.ts';
import { type HouseName, houseNamed, OFFERS } from './offers.ts';
import { checkAccount, type RegisteredKey, type Registry } from './registry.ts';
import { positions } from './switches.ts';

/** What a posted form did. */
export interface Change {
  status: 200 | 201;
  house: HouseName;
  account: string;
  /** The answer for scripts. */
  body: object;
  /** The new key id, to be shown on the page that follows. */
  created?: string;
}

/** The forms of the API-management page by the last word of their address. They throw what the registry throws. */
export const keyChanges = (registry: Registry, clock: SandboxClock) =>
  ({
    create(form: URLSearchParams): Change {
      const account = accountOf(form);
      const house = houseNamed(form);
      const { label, publicKey, passphrase, ...values } = readForm(form, emptyForm(OFFERS[house]), OFFERS[house]);
      const draft = { house, account, label: label.trim(), publicKey, passphrase, ...restrictionsOf(values) };
      const key = registry.create(draft, clock.now());
      return { status: 201, house, account, body: viewOf(key), created: key.apiKey };
    },
    edit(form: URLSearchParams): Change {
      const key = demand(registry, form);
      const edited = registry.edit(key.apiKey, restrictionsOf(readForm(form, valuesOfKey(key), OFFERS[key.house])));
      return { status: 200, house: key.house, account: key.account, body: viewOf(edited) };
    },
    delete(form: URLSearchParams): Change {
      const { house, account, apiKey } = demand(registry, form);
      registry.remove(apiKey, clock.now());
      return { status: 200, house, account, body: { apiKey, deleted: true } };
    },
  }) as const;

/** The account that a query or form names, `main` when it names none. Throws `invalid`. */
export function accountOf(parameters: URLSearchParams): string {
  const account = parameters.get('account') || 'main';
  checkAccount(account);
  return account;
}

/** A key as scripts see it. */
export const viewOf = (key: RegisteredKey) => ({
  apiKey: key.apiKey,
  account: key.account,
  label: key.label,
  type: key.publicKey.kind,
  fingerprint: key.publicKey.fingerprint,
  createTime: key.createTime,
  ipRestrict: key.ipAllowlist !== null,
  ipAllowlist: key.ipAllowlist ?? [],
  ...positions(OFFERS[key.house].switches, key.on),
});

/** The key whose id was posted; an account posted with it must be the key's own. */
function demand(registry: Registry, form: URLSearchParams): RegisteredKey {
  const key = registry.find(form.get('apiKey') ?? '');
  if (key !== undefined && (!form.has('account') || accountOf(form) === key.account)) return key;
  throw new KeyturnError('not-found', 'there is no such API key in this account', {
    hint: 'it may have been deleted; load the page again',
  });
}
