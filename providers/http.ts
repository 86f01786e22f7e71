import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { VERSION } from '../src/version.ts';
import { type Deadline, deadlineIn } from './http-deadline.ts';
import { direct, type Transport, through } from './http-transport.ts';

/**
 * One exchange over HTTP, for providers without a library of their own. It never follows a redirect, always verifies TLS
 * and ends within its deadline. Whatever network and server do comes back as a value, in which no sent header, body or URL
 * is repeated.
 */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResult>;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as it is: what was signed must arrive byte for byte. */
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Less, or more, time than the client gives otherwise. */
  timeoutMs?: number;
}

export type HttpResult = HttpAnswer | HttpTrouble;

export interface HttpAnswer {
  kind: 'answer';
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** Seconds, from Retry-After in either of its forms. */
  retryAfter?: number | undefined;
}

/**
 * No usable answer: none came (`network`, `timeout`), it was a redirect or too long (`unexpected-answer`), or nothing was
 * sent, because the host asked for a pause that is not over (`rate-limited` after 429, `banned` after 418).
 */
export interface HttpTrouble {
  kind: 'trouble';
  why: 'network' | 'timeout' | 'unexpected-answer' | 'rate-limited' | 'banned';
  /** Null when no answer came. */
  status: number | null;
  /** For people, for example `ECONNREFUSED`. */
  detail: string;
  /** Seconds. */
  retryAfter?: number | undefined;
}

export interface HttpClientOptions {
  now: () => Date;
  /** An http or https proxy that everything goes through, with `user:password@` where it wants that; null: none. */
  proxy?: string | null;
  /** For all of an exchange, from connecting to the last byte. */
  timeoutMs?: number;
  /** PEM of the authorities whose certificates are accepted without a proxy, instead of the usual ones. */
  ca?: Buffer | null;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** The longest ban that Binance announces. Whoever asks for more is not believed for longer. */
const MAX_PAUSE_SECONDS = 3 * 86_400;

/** What these answers ask for, when they say for how long. */
const PAUSES: Record<number, 'rate-limited' | 'banned'> = { 429: 'rate-limited', 418: 'banned' };

interface Pause {
  why: 'rate-limited' | 'banned';
  /** Milliseconds since 1970. */
  since: number;
  seconds: number;
}

/**
 * A client with connections of its own, kept open between requests. A pause that a host asks for holds for all requests
 * of this client, whatever key signed them: it is our address that the host counts, and bans. Throws `invalid` for a proxy
 * that is none.
 */
export function createHttpClient({ now, proxy = null, timeoutMs = 10_000, ca = null }: HttpClientOptions): HttpClient {
  const transportFor = proxy === null ? direct(ca) : through(proxy);
  const pauses = new Map<string, Pause>();
  return {
    async request(request) {
      const url = new URL(request.url);
      const { host, protocol } = url;
      const pause = pauses.get(host);
      const left = pause ? pause.seconds - Math.floor((now().getTime() - pause.since) / 1000) : 0;
      // More left than there was: the clock was set back, and the pause would last as much longer.
      if (pause && left > 0 && left <= pause.seconds) {
        return { ...trouble(pause.why, null, 'not asked: it wants a pause first'), retryAfter: left };
      }
      const deadline = deadlineIn(Math.max(1, Math.ceil(request.timeoutMs ?? timeoutMs)));
      try {
        const transport = await transportFor(protocol === 'https:', deadline);
        const result = await exchange({ ...request, url }, transport, deadline, now);
        const why = PAUSES[result.status ?? 0];
        if (why && result.retryAfter) {
          pauses.set(host, { why, since: now().getTime(), seconds: Math.min(result.retryAfter, MAX_PAUSE_SECONDS) });
        }
        return result;
      } finally {
        deadline.clear();
      }
    },
  };
}

/** With its address parsed, which Node would do again. */
type Parsed = Omit<HttpRequest, 'url'> & { url: URL };

async function exchange(
  request: Parsed,
  transport: Transport,
  deadline: Deadline,
  now: () => Date,
): Promise<HttpResult> {
  try {
    const response = await send(request, transport, deadline);
    const { headers, statusCode: status = 0 } = response;
    if (status >= 300 && status < 400) {
      response.destroy();
      return trouble('unexpected-answer', status, 'a redirect, which is never followed');
    }
    const body = await bodyOf(response);
    if (body === null) return trouble('unexpected-answer', status, `an answer of more than ${MAX_BODY_BYTES} bytes`);
    return { kind: 'answer', status, headers, body, retryAfter: retryAfterOf(headers, now()) };
  } catch (error) {
    if (deadline.isOver()) return trouble('timeout', null, 'no answer in time');
    return trouble('network', null, codeOf(error));
  }
}

const trouble = (why: HttpTrouble['why'], status: number | null, detail: string): HttpTrouble => ({
  kind: 'trouble',
  why,
  status,
  detail,
});

function send(request: Parsed, transport: Transport, deadline: Deadline): Promise<IncomingMessage> {
  const { method, url, headers, body } = request;
  const sent = transport.open(url, {
    method,
    headers: { 'user-agent': `keyturn/${VERSION}`, ...headers },
    agent: transport.agent,
    // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment does not switch it off.
    rejectUnauthorized: true,
  });
  deadline.onOver(() => sent.destroy());
  sent.on('proxyConnect', ({ statusCode = 200 }: { statusCode?: number }) => {
    // Otherwise the agent would show the proxy’s refusal as the answer of the host.
    if (statusCode !== 200) sent.destroy(Object.assign(new Error(), { code: `the proxy answered ${statusCode}` }));
  });
  return new Promise((resolve, reject) => {
    sent.on('response', resolve);
    // Stays to the end: an error nobody hears would end the process.
    sent.on('error', (error) => {
      // The server had given up a kept connection just before we used it. A new one follows, or the next kept one.
      const wasStale = method === 'GET' && sent.reusedSocket && codeOf(error) === 'ECONNRESET' && !deadline.isOver();
      if (wasStale) resolve(send(request, transport, deadline));
      else reject(error);
    });
    // Without any of both before, as after an answer that changes to another protocol.
    sent.on('close', () => reject(new Error('closed')));
    sent.end(body);
  });
}

/** Null when it is too long. */
function bodyOf(response: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= MAX_BODY_BYTES) return;
      response.destroy();
      resolve(null);
    });
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.on('error', reject);
  });
}

function retryAfterOf({ 'retry-after': value = '', date = '' }: IncomingHttpHeaders, now: Date): number | undefined {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const until = Date.parse(value);
  // An instant is by the server’s clock, which need not be ours.
  const since = Date.parse(date) || now.getTime();
  return Number.isNaN(until) ? undefined : Math.max(0, Math.ceil((until - since) / 1000));
}

/** Messages may name what was sent or received; codes do not. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'connection failed';
