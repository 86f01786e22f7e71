import type { Agent, ClientRequest, RequestOptions } from 'node:http';
import { KeyturnError } from '../src/errors.ts';
import type { Deadline } from './http-deadline.ts';

/** How a request gets out: Node’s function for its protocol, and the connections it uses. */
export interface Transport {
  open: (url: URL, options: RequestOptions & { rejectUnauthorized: true }) => ClientRequest;
  agent: Agent;
}

/** For https or plain http. What is still connecting at the deadline ends with it. */
export type TransportFor = (isSecure: boolean, deadline: Deadline) => Promise<Transport>;

/**
 * Straight from here, over connections that are kept open between requests. `ca`: see HttpClientOptions. Node’s client is loaded
 * when something is sent: planning over files should not wait for it.
 */
export function direct(ca: Buffer | null): TransportFor {
  let plain: Promise<Transport> | undefined;
  let secure: Promise<Transport> | undefined;
  return (isSecure) => {
    if (!isSecure) {
      plain ??= openPlain();
      return plain;
    }
    secure ??= openSecure(ca);
    return secure;
  };
}

async function openPlain(): Promise<Transport> {
  const { Agent, request } = await import('node:http');
  return { open: request, agent: new Agent({ keepAlive: true }) };
}

async function openSecure(ca: Buffer | null): Promise<Transport> {
  const [{ Agent, request }, { createSecureContext }] = await Promise.all([import('node:https'), import('node:tls')]);
  // One for all connections, which would read the authorities anew each.
  return { open: request, agent: new Agent({ keepAlive: true, secureContext: createSecureContext(ca ? { ca } : {}) }) };
}

/**
 * Through an http or https proxy. Each request has a connection of its own: a proxy that accepts one and then says nothing
 * holds it out of the request’s reach, and only a signal given to the connection itself can end that.
 */
export function through(proxy: string): TransportFor {
  if (!/^https?:\/\//i.test(proxy) || !URL.canParse(proxy)) {
    throw new KeyturnError('invalid', 'what is configured as proxy is not the address of one', {
      hint: 'write it as http://host:port or https://host:port',
    });
  }
  return async (isSecure, deadline) => {
    const aborting = new AbortController();
    deadline.onOver(() => aborting.abort());
    const options = { signal: aborting.signal, rejectUnauthorized: true };
    if (isSecure) {
      const [{ request }, { HttpsProxyAgent }] = await Promise.all([import('node:https'), import('https-proxy-agent')]);
      return { open: request, agent: new HttpsProxyAgent(proxy, options) };
    }
    const [{ request }, { HttpProxyAgent }] = await Promise.all([import('node:http'), import('http-proxy-agent')]);
    return { open: request, agent: new HttpProxyAgent(proxy, options) };
  };
}
