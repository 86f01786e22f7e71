import { isKeyturnError } from '../errors.ts';
import { accountOf, keyChanges, viewOf } from './changes.ts';
import type { SandboxClock } from './clock.ts';
import { emptyForm, readForm, valuesOfKey } from './form.ts';
import { addressOfPage, PAGE_PATH, type PageContent, renderPage } from './html.ts';
import { type Answer, type Call, failureOf, formOf, json, methodNotAllowed, redirect, wantsJson } from './http.ts';
import { PAGE_HEADERS } from './layout.ts';
import { type HouseName, houseNamed, OFFERS } from './offers.ts';
import { mentionsPrivateKey, parsePublicKey, privateKeyPasted } from './public-key.ts';
import { accountUid, type Registry } from './registry.ts';

type Notice = Pick<PageContent, 'created' | 'error' | 'typed'>;

/**
 * The API-management page and the forms it posts, which scripts may post as well: with `Accept: application/json` the
 * answers are JSON. Null for paths that are not the page's.
 */
export function managementPage(registry: Registry, clock: SandboxClock): (call: Call) => Answer | null {
  const changes = keyChanges(registry, clock);

  return (call) => {
    if (call.path === '/') return redirect(302, call.query === '' ? PAGE_PATH : `${PAGE_PATH}?${call.query}`);
    if (call.path === PAGE_PATH) return call.method === 'GET' ? show(call) : methodNotAllowed('GET');
    const name = call.path.startsWith(`${PAGE_PATH}/`) ? call.path.slice(PAGE_PATH.length + 1) : '';
    if (name !== 'create' && name !== 'edit' && name !== 'delete') return null;
    return call.method === 'POST' ? change(call, changes[name]) : methodNotAllowed('POST');
  };

  function show(call: Call): Answer {
    const query = new URLSearchParams(call.query);
    return answering(call, query, () => {
      const house = houseNamed(query);
      const account = accountOf(query);
      const keys = registry.list(house, account);
      if (wantsJson(call))
        return json(200, { venue: house, account, uid: accountUid(account), keys: keys.map(viewOf) });
      return page(200, house, account, { created: keys.find(({ apiKey }) => apiKey === query.get('created')) });
    });
  }

  function change(call: Call, apply: (typeof changes)[keyof typeof changes]): Answer {
    const named = [...new URLSearchParams(call.query)].filter(([name]) => name === 'account' || name === 'venue');
    const form = new URLSearchParams(named);
    return answering(call, form, () => {
      for (const [name, value] of formOf(call)) form.append(name, value);
      if (holdsPrivateKey(form)) throw privateKeyPasted();
      const { status, body, house, account, created } = apply(form);
      if (wantsJson(call)) return json(status, body);
      const next = created === undefined ? { account } : { account, created };
      return redirect(303, addressOfPage(house, next));
    });
  }

  /** Turns expected failures into JSON for scripts, and into the page with what was typed for people. */
  function answering(call: Call, parameters: URLSearchParams, answer: () => Answer): Answer {
    try {
      return answer();
    } catch (thrown) {
      if (!isKeyturnError(thrown)) throw thrown;
      const { status, error } = failureOf(thrown);
      if (wantsJson(call)) return json(status, { error });
      const house = tried(() => houseNamed(parameters)) ?? 'binance';
      const account = tried(() => accountOf(parameters)) ?? 'main';
      return page(status, house, account, { error, typed: call.method === 'POST' ? typedInto(parameters) : undefined });
    }
  }

  /** The form as it was typed, less everything that might be a private key. */
  function typedInto(form: URLSearchParams): PageContent['typed'] {
    if (holdsPrivateKey(form)) return undefined;
    const key = registry.find(form.get('apiKey') ?? '');
    const offer = OFFERS[key?.house ?? tried(() => houseNamed(form)) ?? 'binance'];
    const values = tried(() => readForm(form, key === undefined ? emptyForm(offer) : valuesOfKey(key), offer));
    if (values === undefined) return undefined;
    const publicKey = tried(() => parsePublicKey(values.publicKey, offer.kinds).pem) ?? '';
    return { apiKey: key?.apiKey, values: { ...values, publicKey, passphrase: '' } };
  }

  function page(status: number, house: HouseName, account: string, notice: Notice): Answer {
    const keys = registry.list(house, account);
    const content = { house, account, uid: accountUid(account), keys, now: clock.now(), ...notice };
    return { status, headers: PAGE_HEADERS, body: renderPage(content) };
  }
}

const holdsPrivateKey = (form: URLSearchParams): boolean => [...form.values()].some(mentionsPrivateKey);

function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isKeyturnError(error)) return undefined;
    throw error;
  }
}
