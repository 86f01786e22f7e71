import { isKeyturnError } from '../errors.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { FaultDraft, Faults } from './faults.ts';
import { renderFaults } from './faults-html.ts';
import { FAULTS_PATH } from './html.ts';
import { type Answer, type Call, failureOf, formOf, json, methodNotAllowed, redirect, wantsHtml } from './http.ts';
import { PAGE_HEADERS } from './layout.ts';

/**
 * `GET /sandbox/faults` shows what goes wrong on purpose; `POST` with `kind`, and where wanted `path`, `key`, `times` and
 * `seconds`, switches a fault on; `off=ID` and `off=all` end them. JSON for scripts, a page for people. Null for other
 * paths.
 */
export const faultsPage =
  (faults: Faults) =>
  (call: Call): Answer | null => {
    if (call.path !== FAULTS_PATH) return null;
    const show = (status: number, error?: string): Answer =>
      wantsHtml(call)
        ? { status, headers: PAGE_HEADERS, body: renderFaults(faults.list(), error) }
        : json(status, error === undefined ? { faults: faults.list() } : { error });
    if (call.method === 'GET') return show(200);
    if (call.method !== 'POST') return methodNotAllowed('GET, POST');
    try {
      post(faults, formOf(call));
      return wantsHtml(call) ? redirect(303, FAULTS_PATH) : show(200);
    } catch (thrown) {
      if (!isKeyturnError(thrown)) throw thrown;
      const { status, error } = failureOf(thrown);
      return show(status, error);
    }
  };

function post(faults: Faults, form: URLSearchParams): void {
  const off = form.get('off');
  if (off === null) faults.switchOn(draftOf(form));
  else if (off === 'all') faults.switchAllOff();
  else faults.switchOff(Number(off));
}

/** Empty boxes count as missing. */
function draftOf(form: URLSearchParams): FaultDraft {
  const text = (name: string): string | null => form.get(name)?.trim() || null;
  const number = (name: string): number | null => (text(name) === null ? null : Number(text(name)));
  const path = text('path');
  return {
    // Checked where it is switched on.
    kind: (text('kind') ?? '') as FaultKind,
    ...(path === null ? {} : { path }),
    key: text('key'),
    times: number('times'),
    seconds: number('seconds'),
  };
}
