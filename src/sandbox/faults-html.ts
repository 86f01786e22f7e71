import { FAULT_KINDS, type Kind } from './fault-kinds.ts';
import type { Fault } from './faults.ts';
import { FAULTS_PATH, PAGE_PATH } from './html.ts';
import { documentOf } from './layout.ts';
import { html, type Markup } from './markup.ts';

/** The page on which people let things go wrong. */
export function renderFaults(faults: readonly Fault[], error?: string): string {
  return documentOf(
    'Faults',
    html`<div class="bar">
<h1>Faults</h1>
<a href="${PAGE_PATH}">API Management</a>
</div>
${error !== undefined && html`<section class="bad" role="alert">${error}</section>`}
${faults.length === 0 && html`<section>Nothing goes wrong on purpose.</section>`}
${faults.map(faultCard)}
${faults.length > 1 && html`<section>${switchOff('all', 'Switch all off')}</section>`}
${newFault()}`,
  );
}

function faultCard({ id, kind, path, key, times, seconds, met }: Fault): Markup {
  const { words, counts } = FAULT_KINDS[kind];
  return html`<article aria-label="${words}">
<div class="bar">
<h2>${words}</h2>
${switchOff(String(id), 'Switch off')}
</div>
<dl>
<dt>Kind</dt><dd><code>${kind}</code></dd>
<dt>Path</dt><dd><code>${path}</code></dd>
<dt>Key</dt><dd>${key ?? 'any, or none'}</dd>
<dt>Requests</dt><dd>${met}${times === null ? ', until switched off' : ` of ${times}`}</dd>
${counts !== undefined && html`<dt>Seconds</dt><dd>${seconds} (${counts})</dd>`}
</dl>
</article>`;
}

const switchOff = (off: string, words: string): Markup => html`<form method="post" action="${FAULTS_PATH}">
<button class="plain" name="off" value="${off}">${words}</button>
</form>`;

const newFault = (): Markup => html`<section id="new">
<h2>Let something go wrong</h2>
<form method="post" action="${FAULTS_PATH}">
<fieldset>
<legend>What</legend>
<div class="switches">
${Object.entries(FAULT_KINDS).map(kindChoice)}
</div>
</fieldset>
${box('path', 'Path', '*', 'One path of the exchange, a beginning such as /sapi/*, or * for all.')}
${box('key', 'Key', 'any', 'The label or the id of a key, also of a deleted one; empty for all requests.')}
${box('times', 'Requests', 'until switched off', 'For how many matching requests.')}
${box('seconds', 'Seconds', 'the default', 'For the kinds that count some.')}
<button class="submit">Switch on</button>
</form>
</section>`;

const kindChoice = ([kind, { words, counts, seconds }]: [string, Kind]): Markup => html`<label class="choice">
<input type="radio" name="kind" value="${kind}" required>
<span>${words}${counts !== undefined && html` <span class="hint">(${counts}: ${seconds ?? 0})</span>`}</span>
</label>`;

const box = (name: string, words: string, placeholder: string, hint: string): Markup => html`<div class="field">
<label for="${name}">${words}</label>
<input type="text" id="${name}" name="${name}" placeholder="${placeholder}" autocomplete="off"
aria-describedby="${name}-hint">
<p class="hint" id="${name}-hint">${hint}</p>
</div>`;
