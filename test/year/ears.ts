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

/** How far the last message gets of a daemon that is killed over it. */
export type LastMessage = 'unheard' | 'unanswered' | 'answered';

export interface Listening {
  /** Of the daemon that is alive. */
  life: () => number;
  now: () => Date;
  /** Asked of every message. */
  fate: () => LastMessage | 'goes on';
  kill: () => void;
}

export async function startEars({ life, now, fate, kill }: Listening): Promise<Ears> {
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
    const end = fate();
    if (heard && end !== 'unheard')
      deliveries.push({ ...heard, channel, life: life(), at: now(), body: received.body });
    if (end === 'goes on' || end === 'answered') outgoing.writeHead(heard ? 200 : 404).end('ok');
    if (end !== 'goes on') kill();
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
