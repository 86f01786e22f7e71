import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type Loopback, started } from './loopback.ts';

/** A server that keeps what it was sent. */
export interface Inbox extends Loopback {
  got: Received[];
  /** What it answers from now on; `before` runs first. */
  answers: { status: number; headers?: Record<string, string>; before?: () => void };
}

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

type Make = (listener: Parameters<typeof createServer>[1]) => Server;

export async function anInbox(make: Make = (listener) => createServer(listener)): Promise<Inbox> {
  const inbox: Pick<Inbox, 'got' | 'answers'> = { got: [], answers: { status: 200 } };
  const server = make(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url: path = '', headers } = incoming;
    inbox.got.push({ method, path, headers, body: Buffer.concat(chunks).toString('utf8') });
    inbox.answers.before?.();
    outgoing.writeHead(inbox.answers.status, inbox.answers.headers).end('ok');
  });
  return Object.assign(inbox, await started(server));
}
