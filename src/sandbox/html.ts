import { emptyForm, type FormValues, valuesOfKey } from './form.ts';
import { documentOf } from './layout.ts';
import { html, type Markup } from './markup.ts';
import { HOUSES, type HouseName, OFFERS } from './offers.ts';
import { inWords } from './public-key.ts';
import type { RegisteredKey } from './registry.ts';

/** Where Binance has its own page; forms are posted below it. */
export const PAGE_PATH = '/en/my/settings/api-management';
/** The page of an exchange; Binance is meant where none is named. */
export function addressOfPage(house: HouseName, query: Record<string, string> = {}): string {
  const named = new URLSearchParams(house === 'binance' ? query : { venue: house, ...query });
  return named.size === 0 ? PAGE_PATH : `${PAGE_PATH}?${named.toString()}`;
}

export const CLOCK_PATH = '/sandbox/clock';
export const FAULTS_PATH = '/sandbox/faults';

export interface PageContent {
  house: HouseName;
  account: string;
  uid: number;
  keys: RegisteredKey[];
  now: Date;
  /** The key that was just made. */
  created?: RegisteredKey | undefined;
  error?: string | undefined;
  /** A form that failed, to be shown again: the edit form of a key, or without one the create form. */
  typed?: { apiKey: string | undefined; values: FormValues } | undefined;
}

/** The API-management page of one account. */
export function renderPage({ house, account, uid, keys, now, created, error, typed }: PageContent): string {
  const { title, maxKeys } = OFFERS[house];
  const drafted = typed !== undefined && typed.apiKey === undefined ? typed.values : emptyForm(OFFERS[house]);
  const main = html`<div class="bar">
<h1>API Management</h1>
<a href="#create">Create API</a>
</div>
<div class="bar">
<p>${title} account <strong>${account}</strong> · UID ${uid} · ${keys.length} of ${maxKeys} keys</p>
<form method="get" action="${PAGE_PATH}" class="inline">
<input type="hidden" name="venue" value="${house}">
<label for="show-account">Another account</label>
<input type="text" id="show-account" name="account" required maxlength="80" autocomplete="off" placeholder="main">
<button class="plain">Show</button>
</form>
</div>
${error !== undefined && html`<section class="bad" role="alert">${error}</section>`}
${created !== undefined && createdNotice(created)}
${keys.length === 0 && html`<section>This account has no API keys yet.</section>`}
${keys.map((key) => keyCard(key, typed?.apiKey === key.apiKey ? typed.values : null))}
${createForm(house, account, drafted)}
${clockForm(now)}
<section>
<h2>Other exchanges</h2>
<p>${HOUSES.filter((each) => each !== house).map((each) => html`<a href="${addressOfPage(each)}">${OFFERS[each].title}</a> `)}</p>
</section>
<section>
<h2>Faults</h2>
<p>To see what your side makes of a bad day, <a href="${FAULTS_PATH}">let things go wrong on purpose</a>.</p>
</section>`;
  return documentOf('API Management', main);
}

const createdNotice = ({ apiKey, label }: RegisteredKey): Markup => html`<section class="good" role="status">
<h2>API key created: ${label}</h2>
<p class="hint">API Key</p>
<code id="created-api-key" class="big">${apiKey}</code>
<p class="hint">Copy it now. There is no secret to show: the private half never came here.</p>
</section>`;

function keyCard(key: RegisteredKey, typed: FormValues | null): Markup {
  const { house, apiKey, account, label, publicKey, createTime, on, ipAllowlist } = key;
  const granted = OFFERS[house].switches.filter(({ field }) => on.includes(field));
  const access = ipAllowlist === null ? 'Unrestricted (Less Secure)' : `Trusted IPs only: ${ipAllowlist.join(', ')}`;
  const exposed = house === 'binance' && ipAllowlist === null && on.some((field) => field !== 'enableReading');
  return html`<article aria-label="API key ${label}">
<div class="bar">
<h2>${label}</h2>
<form method="post" action="${PAGE_PATH}/delete">
${identity(account, apiKey)}
<button class="danger" aria-label="Delete ${label}">Delete</button>
</form>
</div>
<dl>
<dt>API Key</dt><dd><code>${apiKey}</code></dd>
<dt>Type</dt><dd>Self-generated, ${publicKey.kind}</dd>
<dt>Public key</dt><dd><code>SHA-256 ${publicKey.fingerprint}</code></dd>
<dt>Created</dt><dd><time datetime="${new Date(createTime).toISOString()}">${readable(new Date(createTime))}</time></dd>
<dt>API restrictions</dt><dd>${
    granted.length === 0
      ? 'None enabled'
      : html`<ul class="tags">${granted.map(({ words }) => html`<li>${words}</li>`)}</ul>`
  }</dd>
<dt>IP access</dt><dd>${access}</dd>
</dl>
${
  exposed &&
  html`<p class="warning">Binance deletes keys that may do more than read
and are not restricted to trusted IPs.</p>`
}
<details${{ markup: typed === null ? '' : ' open' }}>
<summary>Edit restrictions</summary>
<form method="post" action="${PAGE_PATH}/edit">
${identity(account, apiKey)}
${restrictionFields(house, apiKey, typed ?? valuesOfKey(key))}
<button class="submit">Save</button>
</form>
</details>
</article>`;
}

const createForm = (house: HouseName, account: string, values: FormValues): Markup => html`<section id="create">
<h2>Create API: Self-generated</h2>
<form method="post" action="${PAGE_PATH}/create">
<input type="hidden" name="venue" value="${house}">
<input type="hidden" name="account" value="${account}">
<div class="field">
<label for="label">Label API key</label>
<input type="text" id="label" name="label" value="${values.label}" required maxlength="100" autocomplete="off">
</div>
<div class="field">
<label for="publicKey">Public Key</label>
<textarea id="publicKey" name="publicKey" rows="9" required spellcheck="false"
aria-describedby="publicKey-hint">${values.publicKey}</textarea>
<p class="hint" id="publicKey-hint">
${inWords(OFFERS[house].kinds)} as PEM. Only the public half: never paste a private key.
</p>
</div>
${OFFERS[house].hasPassphrase && passphraseField()}
${restrictionFields(house, 'new', values)}
<button class="submit">Create API</button>
</form>
</section>`;

const passphraseField = (): Markup => html`<div class="field">
<label for="passphrase">Passphrase</label>
<input type="password" id="passphrase" name="passphrase" required minlength="8" maxlength="32" autocomplete="off"
aria-describedby="passphrase-hint">
<p class="hint" id="passphrase-hint">8 to 32 characters, which every request with this key must carry.</p>
</div>`;

/** The hidden `false` tells the server that switches were posted at all when every box is left unticked. */
const restrictionFields = (
  house: HouseName,
  id: string,
  { on, ipRestrict, ipAllowlist }: FormValues,
): Markup => html`<fieldset>
<legend>API restrictions</legend>
<input type="hidden" name="${OFFERS[house].switches[0]?.field ?? ''}" value="false">
<div class="switches">
${OFFERS[house].switches.map(
  ({ field, words }) => html`<label class="choice">
<input type="checkbox" name="${field}" value="true"${checked(on.includes(field))}> ${words}
</label>`,
)}
</div>
</fieldset>
<fieldset>
<legend>IP access restrictions</legend>
<label class="choice">
<input type="radio" name="ipRestrict" value="false"${checked(!ipRestrict)}>
Unrestricted (Less Secure)
</label>
<label class="choice">
<input type="radio" name="ipRestrict" value="true"${checked(ipRestrict)}>
Restrict access to trusted IPs only (Recommended)
</label>
<div class="field">
<label for="ipAllowlist-${id}">Trusted IPs</label>
<textarea id="ipAllowlist-${id}" name="ipAllowlist" rows="2" spellcheck="false"
placeholder="203.0.113.7, 203.0.113.0/28">${ipAllowlist}</textarea>
</div>
</fieldset>`;

const clockForm = (now: Date): Markup => html`<section>
<h2>Sandbox clock</h2>
<form method="post" action="${CLOCK_PATH}" class="inline">
<label for="at">Now</label>
<input type="text" id="at" name="at" value="${now.toISOString()}" required autocomplete="off">
<button class="plain">Turn</button>
</form>
<form method="post" action="${CLOCK_PATH}">
<button class="plain" name="at" value="real">Back to real time</button>
</form>
<p class="hint">Turned, it runs on from there. Creation times and the time window of signed requests follow it.</p>
</section>`;

const identity = (
  account: string,
  apiKey: string,
): Markup => html`<input type="hidden" name="account" value="${account}">
<input type="hidden" name="apiKey" value="${apiKey}">`;

const checked = (on: boolean): Markup => ({ markup: on ? ' checked' : '' });

const readable = (instant: Date): string => `${instant.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
