import { createServer, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Configuration } from '../configuration.ts';
import { KeyturnError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Daemon } from './daemon.ts';

/** What watches the daemon: /healthz says that the process answers, /readyz that it does its work, /metrics how it goes. */
export interface Monitor {
  /** Its address, with the port it really has. */
  url: string;
  close(): Promise<void>;
}

interface Page {
  status: number;
  text: string;
  type?: string;
}

/** Throws `unavailable`, naming where the address is written, when it cannot be listened on. */
export async function startMonitor(
  daemon: Pick<Daemon, 'complaints'>,
  metrics: Pick<Metrics, 'text' | 'contentType'>,
  { serve: { listen }, whereIs }: Pick<Configuration, 'serve' | 'whereIs'>,
): Promise<Monitor> {
  const pages: Readonly<Record<string, () => Promise<Page>>> = {
    '/healthz': async () => ({ status: 200, text: 'ok\n' }),
    async '/readyz'() {
      const complaints = await daemon.complaints();
      return complaints.length === 0
        ? { status: 200, text: 'ok\n' }
        : { status: 503, text: `${complaints.join('\n')}\n` };
    },
    '/metrics': async () => ({ status: 200, text: await metrics.text(), type: metrics.contentType }),
  };
  const server = createServer({ requestTimeout: 10_000 }, ({ method = '', url = '' }, response) => {
    const [path = ''] = url.split('?', 1);
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page === undefined)
      return send(response, { status: 404, text: `there are ${Object.keys(pages).join(', ')}\n` });
    if (method !== 'GET' && method !== 'HEAD')
      return send(response, { status: 405, text: 'only GET is answered here\n' });
    page().then(
      (answer) => send(response, answer),
      () => send(response, { status: 500, text: 'this is a bug in keyturn\n' }),
    );
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cannotListen(listen, whereIs(['serve', 'listen']), cause)),
    );
    server.listen(listen.port, listen.host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : listen.port);
    });
  });
  return {
    url: `http://${addressOf({ ...listen, port })}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, { status, text, type = 'text/plain; charset=utf-8' }: Page): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}

const addressOf = ({ host, port }: { host: string; port: number }): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${port}`;

function cannotListen(
  listen: { host: string; port: number },
  where: string,
  cause: NodeJS.ErrnoException,
): KeyturnError {
  const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : `${cause.code}`;
  return new KeyturnError('unavailable', `${where} serve.listen: ${addressOf(listen)} cannot be listened on: ${why}`, {
    hint: 'write another address or port, for example serve: { listen: "127.0.0.1:9465" }; port 0 takes a free one',
    cause,
  });
}
