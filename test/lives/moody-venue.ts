import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSandbox } from '../../src/sandbox/server.ts';

/** The sandbox, and in front of it what networks, firewalls and bad days make of a venue. */

export const MOODS = ['down', 'error', 'busy', 'maintenance', 'login-page', 'refusing'] as const;
export type Mood = 'well' | (typeof MOODS)[number];

/** A key as the venue's page lists it. */
export interface ListedKey {
  apiKey: string;
  /** SHA-256 of the SPKI DER. */
  fingerprint: string;
  enableReading: boolean;
}

export interface MoodyVenue {
  /** Where keyturn asks. */
  url: string;
  mood: Mood;
  /** Key ids the venue claims not to know although it does. */
  readonly denied: Set<string>;
  /** Key ids with a switch on that nobody has heard of. */
  readonly mysterious: Set<string>;
  /** People use the page itself, whatever stands between keyturn and the API. Throws what the page refuses. */
  post(action: 'create' | 'edit' | 'delete', fields: Record<string, string>): Promise<ListedKey>;
  list(): Promise<ListedKey[]>;
  close(): Promise<void>;
}

export async function aMoodyVenue(now: () => Date): Promise<MoodyVenue> {
  const sandbox = await startSandbox({ port: 0, stateFile: null, now });
  const page = `${sandbox.url}/en/my/settings/api-management`;
  const server = createServer((incoming, response) => {
    const isSigned = incoming.headers['x-mbx-apikey'] !== undefined;
    if (!misbehave(venue.mood, incoming, response, isSigned)) forward(sandbox.port, venue, incoming, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));

  const venue: MoodyVenue = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mood: 'well',
    denied: new Set(),
    mysterious: new Set(),
    async post(action, fields) {
      const answer = await fetch(`${page}/${action}`, {
        method: 'POST',
        headers: { accept: 'application/json' },
        body: new URLSearchParams(fields),
      });
      if (!answer.ok) throw new Error(`the page refuses to ${action}: ${await answer.text()}`);
      return (await answer.json()) as ListedKey;
    },
    async list() {
      const answer = await fetch(page, { headers: { accept: 'application/json' } });
      return ((await answer.json()) as { keys: ListedKey[] }).keys;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await sandbox.close();
    },
  };
  return venue;
}

/** Answers as the mood wants; false where the mood leaves this request alone. */
function misbehave(mood: Mood, incoming: IncomingMessage, response: ServerResponse, isSigned: boolean): boolean {
  const answer = (status: number, body: string, headers: Record<string, string> = {}): true => {
    response.writeHead(status, headers).end(body);
    return true;
  };
  switch (mood) {
    case 'well':
      return false;
    case 'down':
      incoming.socket.destroy();
      return true;
    case 'error':
      return answer(502, '<html>Bad Gateway</html>');
    case 'busy':
      return answer(429, '{"code":-1003,"msg":"Too many requests."}', { 'retry-after': '30' });
    case 'maintenance':
      return incoming.url?.startsWith('/sapi/v1/system/status') === true
        ? answer(200, '{"status":1,"msg":"system maintenance"}')
        : false;
    case 'login-page':
      return answer(200, '<html><form>Sign in to the network</form></html>', { 'content-type': 'text/html' });
    case 'refusing':
      return isSigned && answer(401, '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}');
  }
}

function forward(
  port: number,
  { denied, mysterious }: Pick<MoodyVenue, 'denied' | 'mysterious'>,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const { method, url: path, headers } = incoming;
  const apiKey = String(headers['x-mbx-apikey']);
  const asked = denied.has(apiKey) ? { ...headers, 'x-mbx-apikey': randomBytes(32).toString('hex') } : headers;
  const hasMystery = mysterious.has(apiKey) && path?.startsWith('/sapi/v1/account/apiRestrictions') === true;
  const outgoing = request({ port, method, path, headers: asked }, (answer) => {
    if (!hasMystery || answer.statusCode !== 200) {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      return;
    }
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      response.writeHead(200).end(JSON.stringify({ ...body, enableMoonTrading: true }));
    });
  });
  outgoing.on('error', () => response.destroy());
  incoming.pipe(outgoing);
}
