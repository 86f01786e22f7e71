import { randomUUID } from 'node:crypto';
import type { Answer, Conditions, Credential, NoInformation, VenueDependencies } from '../../../src/ports/venue.ts';
import type { HttpAnswer, HttpRequest, HttpResult } from '../../http.ts';
import { httpVia } from '../egress.ts';
import type { HttpProbe } from './http-options.ts';
import { signedJwt } from './jwt.ts';
import { headerOf, jsonAt, matches } from './matcher.ts';
import type { Looking } from './probing.ts';
import { fill, type Values } from './template.ts';

/** Asks a service by the one request that its configuration describes. */
export function httpLooking(probe: HttpProbe, dependencies: VenueDependencies, tellsAddresses: boolean): Looking {
  const { clock, insideProxy } = dependencies;
  const inside = httpVia(insideProxy, dependencies);
  const endpoint = `${probe.method} ${probe.url.replace(/\?.*/s, '')}`;
  return {
    async conditions() {
      const url = probe.health?.url ?? `${new URL(probe.url).origin}/`;
      const before = clock.now().getTime();
      const result = await inside.request({ method: 'GET', url });
      const after = clock.now().getTime();
      return conditionsFrom(probe, result, (before + after) / 2);
    },

    async look(credential, http = inside) {
      const result = await http.request(requestFor(probe, credential, clock.now()));
      const answer = { endpoint, ...answerTo(probe, result, credential.apiKey, tellsAddresses) };
      return { answer, body: result.kind === 'answer' && answer.kind === 'accepted' ? result.body : null };
    },
  };
}

function conditionsFrom({ health }: HttpProbe, result: HttpResult, askedAt: number): Conditions {
  const trouble = (why: NoInformation, detail: string): Conditions => ({
    state: 'trouble',
    why,
    detail,
    retryAfter: result.retryAfter,
  });
  if (result.kind === 'trouble') return trouble(result.why, result.detail);
  const why = troubleByStatus(result.status);
  if (why) return trouble(why, `status ${result.status}`);
  if (health && result.status >= 400) return trouble('unexpected-answer', `status ${result.status}`);
  const time = health?.clock ? instantIn(result, health.clock) : Date.parse(headerOf(result, 'date') ?? '');
  if (health?.clock && Number.isNaN(time)) return trouble('unexpected-answer', `no time at ${health.clock.path}`);
  return { state: 'normal', clockOffsetMs: Number.isNaN(time) ? null : Math.round(time - askedAt) };
}

function instantIn({ body }: HttpAnswer, { path, unit }: { path: string; unit: 's' | 'ms' }): number {
  const value = jsonAt(body, path);
  return typeof value === 'number' ? value * (unit === 's' ? 1000 : 1) : Number.NaN;
}

/** Whoever answers so has not looked at a key. */
function troubleByStatus(status: number): NoInformation | null {
  if (status >= 500) return 'server-error';
  return status === 429 ? 'rate-limited' : status === 418 ? 'banned' : null;
}

function requestFor(probe: HttpProbe, credential: Credential, now: Date): HttpRequest {
  const { method, url, headers, body, sign, signature, timestamp, jwt } = probe;
  const plain: Values = {
    apiKey: credential.apiKey,
    nonce: randomUUID(),
    timestamp: String(timestamp === 's' ? Math.floor(now.getTime() / 1000) : now.getTime()),
  };
  const values: Values = {
    ...plain,
    ...(sign && { signature: credential.signer.sign(Buffer.from(fill(sign, plain))).toString(signature) }),
    ...(jwt && { jwt: signedJwt(jwt, credential, plain, now) }),
  };
  const filled = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), fill(value, values)] as const);
  const sent: Record<string, string> = Object.fromEntries(filled);
  const isForm = sent['content-type']?.startsWith('application/x-www-form-urlencoded');
  return {
    method,
    url: fill(url, values, encodeURIComponent),
    headers: sent,
    ...(body !== undefined && { body: fill(body, values, isForm ? encodeURIComponent : undefined) }),
  };
}

function answerTo(
  probe: HttpProbe,
  result: HttpResult,
  apiKey: string,
  tellsAddresses: boolean,
): Omit<Answer, 'endpoint'> {
  const { status, retryAfter } = result;
  const nothing = (why: NoInformation) =>
    ({ kind: 'no-information', why, status, code: null, shape: '', retryAfter }) as const;
  if (result.kind === 'trouble') return nothing(result.why);
  const trouble = troubleByStatus(result.status);
  if (trouble) return nothing(trouble);
  const [isAlive, isDead, isRefused] = [probe.alive, probe.dead, probe.refused].map(
    (matcher) => matcher !== undefined && matches(matcher, result),
  );
  if (isAlive && !isDead && !isRefused) return { kind: 'accepted', status, code: null, shape: '' };
  if (isAlive || !(isDead || isRefused)) return nothing('unexpected-answer');
  // Where a refused address may look the same, this answer does not say that the key is unknown.
  const kind = isRefused || tellsAddresses ? 'refused' : 'unknown-key';
  return { kind, status, code: null, shape: shapeOf(probe, result, apiKey) };
}

const MAX_SHAPE_LENGTH = 200;

/** What the service said, to compare answers by: the field that `dead` looks at, else all of it, without what names this one key or request. */
function shapeOf({ dead }: HttpProbe, answer: HttpAnswer, apiKey: string): string {
  const said = dead.json
    ? JSON.stringify(jsonAt(answer.body, dead.json.path) ?? null)
    : dead.header
      ? (headerOf(answer, dead.header.name) ?? '')
      : answer.body;
  return said
    .slice(0, 10 * MAX_SHAPE_LENGTH)
    .replaceAll(apiKey, '<key>')
    .replaceAll(encodeURIComponent(apiKey), '<key>')
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\w-]{20,}/g, '<id>')
    .replace(/\d+/g, '#')
    .slice(0, MAX_SHAPE_LENGTH);
}
