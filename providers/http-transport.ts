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

/** Straight from here, over connections that are kept open between requests. `ca`: see HttpClientOptions. */
export function direct(ca: Buffer | null): TransportFor {
  const load = async () => {
    const { plain, secure } = await nodeHttp();
    return {
      plain: { open: plain.request, agent: new plain.Agent({ keepAlive: true }) },
      secure: { open: secure.request, agent: new secure.Agent({ keepAlive: true, ...(ca ? { ca } : {}) }) },
    };
  };
  let loaded: ReturnType<typeof load> | undefined;
  return async (isSecure) => {
    loaded ??= load();
    return (await loaded)[isSecure ? 'secure' : 'plain'];
  };
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
    const { plain, secure } = await nodeHttp();
    const aborting = new AbortController();
    deadline.onOver(() => aborting.abort());
    const options = { signal: aborting.signal, rejectUnauthorized: true };
    if (isSecure) {
      const { HttpsProxyAgent } = await import('https-proxy-agent');
      return { open: secure.request, agent: new HttpsProxyAgent(proxy, options) };
    }
    const { HttpProxyAgent } = await import('http-proxy-agent');
    return { open: plain.request, agent: new HttpProxyAgent(proxy, options) };
  };
}

/** Loaded when something is sent: planning, which sends nothing, should not wait for it. */
async function nodeHttp() {
  const [plain, secure] = await Promise.all([import('node:http'), import('node:https')]);
  return { plain, secure };
}
