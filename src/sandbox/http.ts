import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type ErrorCode, KeyturnError } from '../errors.ts';

/** A request as it came over the wire. Query and body are kept undecoded, because signatures cover their bytes. */
export interface Call {
  method: string;
  path: string;
  /** What follows the first `?`, undecoded; empty when there is none. */
  query: string;
  body: Buffer;
  headers: IncomingHttpHeaders;
  /** The caller's address, never in its IPv4-mapped IPv6 form. */
  address: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The exchange's error code, for the log. */
  code?: number;
  /** What went wrong inside the sandbox, for the log. */
  failure?: string;
  /** What went wrong on purpose, for the journal. */
  fault?: string;
  /** How the caller is kept from this answer: it never comes, the connection breaks, or it breaks half-way through. */
  ending?: 'hang' | 'reset' | 'cut';
}

const MAX_BODY_BYTES = 64 * 1024;

const STATUS: Partial<Record<ErrorCode, number>> = { denied: 403, 'not-found': 404, conflict: 409, quota: 409 };

export const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json;charset=UTF-8' },
  body: JSON.stringify(value),
});

export const redirect = (status: 302 | 303, location: string): Answer => ({ status, headers: { location }, body: '' });

/** Status and text of an expected failure, for everything that does not imitate the exchange. */
export const failureOf = ({ code, message, hint }: KeyturnError): { status: number; error: string } => ({
  status: STATUS[code] ?? 400,
  error: hint === undefined ? message : `${message}; ${hint}`,
});

export const methodNotAllowed = (allow: string): Answer => {
  const { headers, ...answer } = json(405, { error: `only ${allow} is allowed here` });
  return { ...answer, headers: { ...headers, allow } };
};

/** Browsers ask for HTML first, whatever else they take. */
export const wantsHtml = ({ headers: { accept = '' } }: Call): boolean => /text\/html/i.test(accept);

export const wantsJson = (call: Call): boolean =>
  !wantsHtml(call) && /application\/json/i.test(call.headers.accept ?? '');

/** The posted form. Throws `invalid` for any other type of body. */
export function formOf({ headers, body }: Call): URLSearchParams {
  if (/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) {
    return new URLSearchParams(body.toString('utf8'));
  }
  throw new KeyturnError('invalid', 'the request is not a form', { hint: 'post application/x-www-form-urlencoded' });
}

/** The call, or null when its body exceeds 64 KiB. Rejects when the connection breaks before the body ends. */
export async function readCall(request: IncomingMessage): Promise<Call | null> {
  const body = await readBody(request);
  if (body === null) return null;
  const target = request.url ?? '';
  const mark = target.indexOf('?');
  return {
    method: request.method ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    body,
    headers: request.headers,
    address: addressOf(request),
  };
}

export const addressOf = (request: IncomingMessage): string =>
  (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '');

// Events rather than `for await`: leaving that loop early destroys the socket before the refusal is sent.
function readBody(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}
