import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server of this machine that is as long as one to another town: everything that is sent arrives so much later. */
export interface Distance {
  port: number;
  close(): Promise<void>;
}

/** Bytes pass as they are, TLS included; `milliseconds` are added to every request, answers come back at once. */
export async function startDistance({ to, milliseconds }: { to: number; milliseconds: number }): Promise<Distance> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // Whoever breaks off shows that to the other side.
      socket.on('error', () => {
        near.destroy();
        far.destroy();
      });
    }
    // Timers of one length end in the order in which they began.
    near.on('data', (chunk) => void setTimeout(() => far.write(chunk), milliseconds));
    near.on('end', () => void setTimeout(() => far.end(), milliseconds));
    far.pipe(near);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
