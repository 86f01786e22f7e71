import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { describe, expect, it, vi } from 'vitest';
import { createHttpClient, type HttpClientOptions, type HttpResult } from '../../providers/http.ts';
import { deadlineIn } from '../../providers/http-deadline.ts';
import { itWith } from '../programs/index.ts';
import { deadPort, forwardProxy, serve, serveTcp, started } from './loopback.ts';
import { selfSigned } from './self-signed.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const SHORT_MS = 300;

const client = (options: Partial<HttpClientOptions> = {}) => createHttpClient({ now: () => NOW, ...options });

const get = (url: string, options: Partial<HttpClientOptions> = {}): Promise<HttpResult> =>
  client(options).request({ method: 'GET', url });

describe('an exchange', () => {
  it('sends method, target, headers and body as given, and says who it is', async () => {
    const seen: unknown[] = [];
    const { url } = await serve(async (incoming, outgoing) => {
      const body = (await incoming.setEncoding('utf8').toArray()).join('');
      seen.push([incoming.method, incoming.url, incoming.headers['x-key'], incoming.headers['user-agent'], body]);
      outgoing.writeHead(201, { 'X-Left': '7' }).end('grüezi');
    });
    const result = await client().request({
      method: 'POST',
      url: `${url}/a?b=%2F+c%3D`,
      headers: { 'X-Key': 'k' },
      body: 'text',
    });
    expect(result).toMatchObject({ kind: 'answer', status: 201, body: 'grüezi', headers: { 'x-left': '7' } });
    expect(seen).toEqual([['POST', '/a?b=%2F+c%3D', 'k', expect.stringMatching(/^keyturn\/\d+\.\d+\.\d+/), 'text']]);
  });

  it('keeps its connection for the next one', async () => {
    const connections = new Set<unknown>();
    const { url } = await serve((incoming, outgoing) => {
      connections.add(incoming.socket);
      outgoing.end();
    });
    const kept = client();
    for (let i = 0; i < 3; i++) await kept.request({ method: 'GET', url });
    expect(connections.size).toBe(1);
  });

  it('never follows a redirect', async () => {
    let visits = 0;
    const elsewhere = await serve((_, outgoing) => {
      visits += 1;
      outgoing.end();
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await serve((_, outgoing) => outgoing.writeHead(status, { Location: elsewhere.url }).end());
      expect(await get(url)).toMatchObject({ kind: 'trouble', why: 'unexpected-answer', status });
    }
    expect(visits).toBe(0);
  });

  itWith(['openssl'], 'never accepts a certificate it cannot verify, whatever the environment says', async () => {
    const { key, cert } = selfSigned();
    const { port } = await started(createHttpsServer({ key, cert }, (_, outgoing) => outgoing.end('hello')));
    for (const value of ['1', '0']) {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', value);
      const result = await get(`https://localhost:${port}/`);
      expect(result).toMatchObject({ kind: 'trouble', why: 'network', detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    }
    vi.unstubAllEnvs();
  });
});

describe('trouble', () => {
  const LONG = 'x'.repeat(1024 * 1024);
  const table: Record<string, { listener: RequestListener; expected: object }> = {
    'no answer': { listener: () => undefined, expected: { why: 'timeout', status: null } },
    'an answer that stops in the middle': {
      listener: (_, outgoing) => void outgoing.writeHead(200, { 'Content-Length': '10' }).write('{'),
      expected: { why: 'timeout', status: null },
    },
    'a reset before the answer': {
      listener: (incoming) => void incoming.socket.resetAndDestroy(),
      expected: { why: 'network', status: null, detail: 'ECONNRESET' },
    },
    'an answer cut off': {
      listener: (incoming, outgoing) => {
        outgoing.writeHead(200, { 'Content-Length': '10' }).write('{', () => incoming.socket.destroy());
      },
      expected: { why: 'network', status: null, detail: 'ECONNRESET' },
    },
    'an answer that is no HTTP': {
      listener: (incoming) => void incoming.socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
      expected: { why: 'network', status: null },
    },
    'a change to another protocol, which nobody asked for': {
      listener: ({ socket }) =>
        void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      expected: { why: 'network', status: null },
    },
    'an answer over a mebibyte': {
      listener: (_, outgoing) => void outgoing.end(`${LONG}x`),
      expected: { why: 'unexpected-answer', status: 200 },
    },
  };

  it.each(Object.entries(table))('%s', async (_, { listener, expected }) => {
    const { url } = await serve(listener);
    const waits = 'why' in expected && expected.why === 'timeout';
    const result = await client(waits ? { timeoutMs: SHORT_MS } : {}).request({
      method: 'GET',
      url: `${url}/?signature=hush`,
      headers: { 'X-Key': 'hush' },
    });
    expect(result).toMatchObject({ kind: 'trouble', ...expected });
    expect(JSON.stringify(result)).not.toContain('hush');
  });

  it('nobody listens', async () => {
    expect(await get(`http://127.0.0.1:${await deadPort()}`)).toMatchObject({ why: 'network', detail: 'ECONNREFUSED' });
  });

  it('exactly a mebibyte is none', async () => {
    const { url } = await serve((_, outgoing) => void outgoing.end(LONG));
    expect(await get(url)).toMatchObject({ kind: 'answer', status: 200 });
  });
});

describe('a deadline', () => {
  it('ends what waits for it, and at once what begins too late', async () => {
    const ended: string[] = [];
    const deadline = deadlineIn(1);
    deadline.onOver(() => ended.push('in time'));
    await vi.waitUntil(() => deadline.isOver());
    deadline.onOver(() => ended.push('too late'));
    expect(ended).toEqual(['in time', 'too late']);
  });
});

describe('a kept connection that the server gave up', () => {
  /** Answers the first request of each connection and breaks it off at the second. */
  const onlyOnce = (): Promise<{ url: string }> => {
    const used = new WeakSet();
    return serve(({ socket }, outgoing) => {
      if (used.has(socket)) return void socket.resetAndDestroy();
      used.add(socket);
      outgoing.end('fine');
    });
  };

  it('is replaced for a read', async () => {
    const { url } = await onlyOnce();
    const kept = client();
    await kept.request({ method: 'GET', url });
    expect(await kept.request({ method: 'GET', url })).toMatchObject({ kind: 'answer', body: 'fine' });
  });

  it('is reported for anything else, which may have been done', async () => {
    const { url } = await onlyOnce();
    const kept = client();
    await kept.request({ method: 'GET', url });
    expect(await kept.request({ method: 'POST', url })).toMatchObject({ kind: 'trouble', why: 'network' });
  });
});

describe('a pause the host asks for', () => {
  it.each([
    ['seconds', { 'Retry-After': '30' }, 30],
    ['a date', { 'Retry-After': 'Tue, 24 Nov 2026 12:02:00 GMT', Date: 'Tue, 24 Nov 2026 12:00:30 GMT' }, 90],
    ['a date that is over', { 'Retry-After': 'Tue, 24 Nov 2020 12:02:00 GMT' }, 0],
    ['nothing readable', { 'Retry-After': 'soon' }, undefined],
    ['no header', {}, undefined],
  ])('is read from %s', async (_, headers, retryAfter) => {
    const { url } = await serve((_incoming, outgoing) => outgoing.writeHead(429, headers).end());
    expect(await get(url)).toMatchObject({ kind: 'answer', status: 429, retryAfter });
  });

  it.each([
    [429, 'rate-limited'],
    [418, 'banned'],
  ])('by %i holds for all requests of the client to that host, until it is over', async (status, why) => {
    let requests = 0;
    const strict = await serve((_, outgoing) => {
      requests += 1;
      outgoing.writeHead(requests === 1 ? status : 200, { 'Retry-After': '60' }).end();
    });
    const other = await serve((_, outgoing) => void outgoing.end());
    let now = NOW.getTime();
    const patient = client({ now: () => new Date(now) });
    await patient.request({ method: 'GET', url: `${strict.url}/one` });
    now += 59_500;
    const second = await patient.request({ method: 'GET', url: `${strict.url}/two` });
    expect(second).toMatchObject({ kind: 'trouble', why, status: null, retryAfter: 1 });
    expect(await patient.request({ method: 'GET', url: other.url })).toMatchObject({ kind: 'answer' });
    expect(requests).toBe(1);
    now += 500;
    expect(await patient.request({ method: 'GET', url: strict.url })).toMatchObject({ kind: 'answer', status: 200 });
  });
});

describe('a pause that does not end by itself', () => {
  const strictOnce = async (retryAfter: string) => {
    let requests = 0;
    return serve((_, outgoing) => {
      requests += 1;
      outgoing.writeHead(requests === 1 ? 429 : 200, { 'Retry-After': retryAfter }).end();
    });
  };

  it('is over after three days, whatever the host asked for', async () => {
    const { url } = await strictOnce('999999999');
    let now = NOW.getTime();
    const patient = client({ now: () => new Date(now) });
    await patient.request({ method: 'GET', url });
    now += 3 * 86_400_000 - 1000;
    expect(await patient.request({ method: 'GET', url })).toMatchObject({ why: 'rate-limited' });
    now += 1000;
    expect(await patient.request({ method: 'GET', url })).toMatchObject({ kind: 'answer', status: 200 });
  });

  it('is over when the clock is set back', async () => {
    const { url } = await strictOnce('60');
    let now = NOW.getTime();
    const patient = client({ now: () => new Date(now) });
    await patient.request({ method: 'GET', url });
    now -= 3_600_000;
    expect(await patient.request({ method: 'GET', url })).toMatchObject({ kind: 'answer', status: 200 });
  });
});

describe('a proxy', () => {
  it('carries plain requests', async () => {
    const { url } = await serve(({ socket }, outgoing) => outgoing.end(socket.remoteAddress));
    const proxy = await forwardProxy('127.0.0.2');
    expect(await get(`${url}/a?b=%2B`, { proxy: proxy.url })).toMatchObject({ kind: 'answer', body: '127.0.0.2' });
    expect(proxy.targets).toEqual([`${url}/a?b=%2B`]);
  });

  itWith(['openssl'], 'only tunnels encrypted ones, which are verified all the same', async () => {
    const { key, cert } = selfSigned();
    const { port } = await started(createHttpsServer({ key, cert }, (_, outgoing) => outgoing.end()));
    const proxy = await forwardProxy('127.0.0.1');
    const result = await get(`https://localhost:${port}/secret`, { proxy: proxy.url });
    expect(result).toMatchObject({ why: 'network', detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(proxy.targets).toEqual([`localhost:${port}`]);
  });

  it('that refuses does not speak for the host', async () => {
    const { url } = await serveTcp((socket) =>
      socket.end('HTTP/1.1 400 No\r\nContent-Length: 14\r\n\r\n{"code":-2008}'),
    );
    const result = await get('https://localhost:1/', { proxy: url });
    expect(result).toMatchObject({ kind: 'trouble', why: 'network', status: null, detail: 'the proxy answered 400' });
  });

  it.each([
    ['says nothing', ''],
    ['connects to nothing', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('that %s is left at the deadline', async (_, greeting) => {
    let left: Promise<void> | undefined;
    const { url } = await serveTcp((socket) => {
      left = new Promise((resolve) => void socket.once('close', resolve));
      socket.resume();
      if (greeting !== '') socket.write(greeting);
    });
    const result = await get('https://localhost:1/', { proxy: url, timeoutMs: SHORT_MS });
    expect(result).toMatchObject({ kind: 'trouble', why: 'timeout' });
    await left;
  });

  it('must be the address of one, and is not repeated where it is not', () => {
    for (const proxy of ['socks5://me:hush@host:1080', 'http://me:hush@', 'hush']) {
      expect(() => client({ proxy })).toThrow(expect.objectContaining({ code: 'invalid' }));
      expect(() => client({ proxy })).not.toThrow(/hush/);
    }
  });
});
