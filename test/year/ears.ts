import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Received } from '../providers/inbox.ts';
import { CHANNELS, type Heard } from './channels.ts';

/** What arrived, in which life of the daemon, and when by its clock. */
export interface Delivery extends Heard {
  channel: string;
  life: number;
  at: Date;
  body: string;
}

/** One server for every channel, which outlives the daemon. */
export interface Ears {
  url: string;
  deliveries: Delivery[];
  close(): Promise<void>;
}

export interface Listening {
  /** Of the daemon that is alive. */
  life(): number;
  now(): Date;
  /** Called when something has arrived and is not answered yet, with the way to answer it. */
  onDelivery(answer: () => void): void;
}

export async function startEars({ life, now, onDelivery }: Listening): Promise<Ears> {
  const deliveries: Delivery[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', url: path = '', headers } = incoming;
    const received: Received = {
      method,
      path,
      headers,
      body: Buffer.concat(await incoming.toArray()).toString('utf8'),
    };
    const channel = path.slice(1);
    const heard = CHANNELS[channel]?.read(received);
    if (heard) deliveries.push({ ...heard, channel, life: life(), at: now(), body: received.body });
    onDelivery(() => void outgoing.writeHead(heard ? 200 : 404).end('ok'));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
