import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as plainRequest,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A reverse proxy before a real server that breaks what a test says, and lets everything else through. */
export interface FaultProxy {
  /** Without a path. */
  address: string;
  /** Every request that arrived, broken or not. */
  seen: Seen[];
  /** Breaks the next `times` requests whose `METHOD /path?query` this fits; later calls come first. */
  breaks(fits: RegExp, fault: Fault, times?: number): void;
  /** Forgets faults and what was seen. */
  heals(): void;
  close(): Promise<void>;
}

export interface Seen {
  /** `POST /v1/secret/data/x` */
  line: string;
  body: string;
  /** Milliseconds since the proxy started. */
  at: number;
}

export type Fault =
  /** The connection ends before the server heard of it. */
  | { kind: 'reset-before' }
  /** The server did it, the answer is lost. */
  | { kind: 'reset-after' }
  /** The server did it, and the answer never comes. */
  | { kind: 'hang' }
  /** This answer instead; the server heard nothing. */
  | { kind: 'answer'; status: number; body?: string; headers?: OutgoingHttpHeaders }
  /** What the same request was answered the first time, as by a node that lags behind. */
  | { kind: 'stale' };

interface Answer {
  status: number;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

export interface FaultProxyOptions {
  upstream: string;
  /** Authorities of an https upstream. */
  ca?: Buffer;
  /** Answers by TLS with these; default: plain. */
  tls?: { key: Buffer; cert: Buffer };
  /** An address of this machine. */
  host?: string;
}

export async function startFaultProxy({
  upstream,
  ca,
  tls,
  host = '127.0.0.1',
}: FaultProxyOptions): Promise<FaultProxy> {
  const started = performance.now();
  const faults: { fits: RegExp; fault: Fault; times: number }[] = [];
  const firstAnswers = new Map<string, Answer>();
  const seen: Seen[] = [];

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const line = `${incoming.method} ${incoming.url}`;
    const body = Buffer.concat(await incoming.toArray());
    seen.push({ line, body: body.toString('utf8'), at: performance.now() - started });
    const broken = faults.find(({ fits, times }) => times > 0 && fits.test(line));
    if (broken) broken.times -= 1;
    const fault = broken?.fault;
    if (fault?.kind === 'reset-before') return void incoming.socket.resetAndDestroy();
    if (fault?.kind === 'answer') {
      outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(fault.body);
      return;
    }
    const before = firstAnswers.get(line);
    if (fault?.kind === 'stale' && before) return reply(outgoing, before);
    const answer = await forward(incoming, body);
    if (!before) firstAnswers.set(line, answer);
    if (fault?.kind === 'reset-after') return void incoming.socket.resetAndDestroy();
    if (fault?.kind !== 'hang') reply(outgoing, answer);
  }

  function forward({ method, url = '', headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const { host: _host, connection: _connection, ...kept } = headers;
    const open = upstream.startsWith('https:') ? secureRequest : plainRequest;
    return new Promise((resolve, reject) => {
      const sent = open(new URL(url, upstream), { method, headers: kept, ...(ca ? { ca } : {}) }, (answer) => {
        const { connection: _own, 'transfer-encoding': _chunked, ...answered } = answer.headers;
        answer
          .toArray()
          .then(
            (chunks) => resolve({ status: answer.statusCode ?? 502, headers: answered, body: Buffer.concat(chunks) }),
            reject,
          );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // An upstream that breaks off shows as just that.
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `${tls ? 'https' : 'http'}://${host}:${port}`,
    seen,
    breaks: (fits, fault, times = 1) => void faults.unshift({ fits, fault, times }),
    heals() {
      faults.length = 0;
      seen.length = 0;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

function reply(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, headers).end(body);
}
