import { createServer, type RequestListener, request, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { onTestFinished } from 'vitest';

/** Real servers on free ports of this machine, closed when the test ends. */

export interface Loopback {
  port: number;
  url: string;
}

export const serve = async (listener: RequestListener): Promise<Loopback> => started(createServer(listener));

export async function started(server: Server): Promise<Loopback> {
  onTestFinished(() => {
    server.closeAllConnections();
    return closed(server);
  });
  return listening(server);
}

/** A server below HTTP: gets the bare connections. */
export async function serveTcp(onConnection: (socket: Socket) => void): Promise<Loopback> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    // Clients under test break connections off.
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    return closed(server);
  });
  return listening(server);
}

/** A port of this machine on which nobody answers. */
export async function deadPort(): Promise<number> {
  const server = createTcpServer();
  const { port } = await listening(server);
  await closed(server);
  return port;
}

/** A forward proxy that goes on from `localAddress`, and what it was asked for. */
export async function forwardProxy(localAddress: string): Promise<Loopback & { targets: string[] }> {
  const targets: string[] = [];
  const server = createServer((incoming, outgoing) => {
    targets.push(incoming.url ?? '');
    const { method, headers, url = '' } = incoming;
    const onward = request(url, { method, headers, localAddress }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', ({ url = '' }, client: Socket) => {
    targets.push(url);
    const onward = connect({ host: '127.0.0.1', port: Number(url.split(':').at(-1)), localAddress }, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    for (const socket of [client, onward]) socket.on('error', () => undefined);
    onTestFinished(() => {
      client.destroy();
      onward.destroy();
    });
  });
  return { ...(await started(server)), targets };
}

function listening(server: TcpServer): Promise<Loopback> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, url: `http://127.0.0.1:${port}` });
    });
  });
}

const closed = (server: TcpServer): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
