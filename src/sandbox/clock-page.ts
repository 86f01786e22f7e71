import { isKeyturnError } from '../errors.ts';
import { parseInstant, type SandboxClock } from './clock.ts';
import { CLOCK_PATH, PAGE_PATH } from './html.ts';
import { type Answer, type Call, failureOf, formOf, json, methodNotAllowed, redirect, wantsHtml } from './http.ts';

/**
 * `GET /sandbox/clock` tells the sandbox's time; `POST` with `at=ISO` turns it, `at=real` undoes that. Null for other
 * paths. Answers are JSON, and the way back to the page for browsers that turned it there.
 */
export const clockPage =
  (clock: SandboxClock) =>
  (call: Call): Answer | null => {
    if (call.path !== CLOCK_PATH) return null;
    if (call.method === 'GET') return json(200, { now: clock.now().toISOString() });
    if (call.method !== 'POST') return methodNotAllowed('GET, POST');
    try {
      turn(clock, formOf(call).get('at') ?? '');
      return wantsHtml(call) ? redirect(303, PAGE_PATH) : json(200, { now: clock.now().toISOString() });
    } catch (thrown) {
      if (!isKeyturnError(thrown)) throw thrown;
      const { status, error } = failureOf(thrown);
      return json(status, { error });
    }
  };

function turn(clock: SandboxClock, at: string): void {
  if (at === 'real') clock.reset();
  else clock.turn(parseInstant(at));
}
