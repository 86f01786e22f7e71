import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxLine, type SandboxOptions, startSandbox } from '../../src/sandbox/server.ts';
import { bodyOf, change, edPair, postForm, register, rsaPair, send, signed } from './client.ts';

const PAGE = '/en/my/settings/api-management';
const NOW = Date.UTC(2026, 10, 24, 9);
const hasIPv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ family }) => family === 'IPv6'));

let folder: string;
let running: Sandbox[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyturn-sandbox-'));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((sandbox) => sandbox.close()));
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ port: 0, stateFile: null, ...options });
  running.push(sandbox);
  return sandbox;
}

const listOf = async ({ port }: Sandbox) =>
  bodyOf(await send(port, { target: `${PAGE}?account=main`, headers: { accept: 'application/json' } })).keys;

describe('the state file', () => {
  it('keeps keys over a restart', async () => {
    const stateFile = join(folder, 'deeper', 'sandbox.json');
    const [pair, deleted] = [rsaPair(), edPair()];
    const first = await start({ stateFile });
    const apiKey = await register(first.port, pair, { label: 'kept', ipAllowlist: '127.0.0.1', enableReading: '1' });
    await change(first.port, 'delete', { apiKey: await register(first.port, deleted) });
    const before = await listOf(first);
    await first.close();

    const second = await start({ stateFile });
    expect(await listOf(second)).toEqual(before);
    const target = `/sapi/v1/account/apiRestrictions?${signed(`timestamp=${Date.now()}`, pair)}`;
    expect(await send(second.port, { target, headers: { 'x-mbx-apikey': apiKey } })).toMatchObject({ status: 200 });
  });

  it('is written whole, for its owner only, with nothing left beside it', async () => {
    const stateFile = join(folder, 'sandbox.json');
    const { port } = await start({ stateFile });
    await register(port, edPair());
    await register(port, edPair());
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['sandbox.json']);
    expect(JSON.parse(await readFile(stateFile, 'utf8'))).toMatchObject({ formatVersion: 1, keys: [{}, {}] });
  });

  const broken: Record<string, string> = {
    'not JSON': '{"formatVersion":1,',
    empty: '',
    'another document': '{"keys":"many"}',
    'of a later version': '{"formatVersion":2,"keys":[]}',
    'with a key of wrong fields': '{"formatVersion":1,"keys":[{"apiKey":7}]}',
  };
  it.each(Object.entries(broken))('%s is an error that names the file, and stays as it is', async (_, text) => {
    const stateFile = join(folder, 'sandbox.json');
    await writeFile(stateFile, text);
    await expect(start({ stateFile })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(stateFile),
    });
    expect(await readFile(stateFile, 'utf8')).toBe(text);
  });

  it('that could not be written is refused at the start, with what to do', async () => {
    await writeFile(join(folder, 'blocked'), 'a file where the folder should be');
    await expect(start({ stateFile: join(folder, 'blocked', 'sandbox.json') })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/sandbox\.json \(EEXIST\)/),
      hint: expect.stringContaining('--state'),
    });
  });

  it('that cannot be written any more fails the request, changes nothing, and is logged', async () => {
    const lines: SandboxLine[] = [];
    const blocked = join(folder, 'blocked');
    const sandbox = await start({ stateFile: join(blocked, 'sandbox.json'), log: (line) => lines.push(line) });
    await rm(blocked, { recursive: true });
    await writeFile(blocked, 'a file where the folder should be');
    const reply = await change(sandbox.port, 'create', { label: 'lost', publicKey: edPair().publicKey });
    expect([reply.status, bodyOf(reply).code]).toEqual([500, -1000]);
    expect(await listOf(sandbox)).toEqual([]);
    expect(lines[0]).toMatchObject({ status: 500, failure: expect.stringContaining('EEXIST') });
  });
});

describe('the clock', () => {
  it('turns and runs on from there', async () => {
    let real = NOW;
    const sandbox = await start({ now: () => new Date(real) });
    const nowOf = async () => bodyOf(await send(sandbox.port, { target: '/sandbox/clock' })).now;
    expect(await nowOf()).toBe('2026-11-24T09:00:00.000Z');
    await postForm(sandbox.port, '/sandbox/clock', { at: '2027-01-31T09:00:00+01:00' });
    real += 1500;
    expect(await nowOf()).toBe('2027-01-31T08:00:01.500Z');
    sandbox.turnClock(new Date(NOW - 1));
    expect(await nowOf()).toBe('2026-11-24T08:59:59.999Z');
    await postForm(sandbox.port, '/sandbox/clock', { at: 'real' });
    expect(await nowOf()).toBe('2026-11-24T09:00:01.500Z');
  });

  it('carries creation times and time windows with it', async () => {
    const sandbox = await start();
    sandbox.turnClock(new Date(NOW));
    const pair = edPair();
    const apiKey = await register(sandbox.port, pair);
    const ask = async (timestamp: number) => {
      const target = `/sapi/v1/account/apiRestrictions?${signed(`timestamp=${timestamp}`, pair)}`;
      return bodyOf(await send(sandbox.port, { target, headers: { 'x-mbx-apikey': apiKey } }));
    };
    const { createTime } = await ask(NOW);
    expect(Number(createTime) - NOW).toBeGreaterThanOrEqual(0);
    expect(Number(createTime) - NOW).toBeLessThan(60_000);
    expect(await ask(NOW - 86_400_000)).toMatchObject({ code: -1021 });
  });

  it.each(['', 'tomorrow', '2027-01-31', '2027-13-01T00:00:00Z', '2027-01-31T09:00:00'])('refuses "%s"', async (at) => {
    const { port } = await start();
    const reply = await postForm(port, '/sandbox/clock', { at });
    expect([reply.status, bodyOf(reply).error]).toEqual([
      400,
      'the time is not an instant; write it as 2027-01-31T09:00:00Z, or real',
    ]);
  });

  it('brings browsers back to the page', async () => {
    const { port } = await start();
    const reply = await postForm(port, '/sandbox/clock', { at: 'real' }, { accept: 'text/html' });
    expect([reply.status, reply.headers.location]).toEqual([303, PAGE]);
  });
});

describe('the server', () => {
  it('says when its port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(String(port)),
    });
  });

  it('listening beyond the loopback, takes any host name', async () => {
    const { port, url } = await start({ host: '0.0.0.0' });
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const reply = await send(port, { target: '/api/v3/ping', headers: { host: 'sandbox.internal' } });
    expect(reply.status).toBe(200);
  });

  it.skipIf(!hasIPv6)('on IPv6, unwraps and compares addresses', async () => {
    const sandbox = await start({ host: '::' });
    const pair = edPair();
    const apiKey = await register(sandbox.port, pair, { enableReading: 'true', ipAllowlist: '127.0.0.1' });
    const target = `/sapi/v1/account/apiRestrictions?${signed(`timestamp=${Date.now()}`, pair)}`;
    expect(await send(sandbox.port, { target, headers: { 'x-mbx-apikey': apiKey } })).toMatchObject({ status: 200 });
  });

  it('refuses bodies over 64 KiB and goes on', async () => {
    const { port } = await start();
    const body = Buffer.alloc(64 * 1024 + 1, 'a');
    const reply = await send(port, { method: 'POST', target: '/api/v3/order/test', body });
    expect([reply.status, reply.headers.connection]).toEqual([413, 'close']);
    expect(await send(port, { target: '/api/v3/ping' })).toMatchObject({ status: 200 });
  });

  it('survives callers that talk nonsense or hang up', async () => {
    const { port } = await start();
    for (const words of [
      '\0\0\0\r\n\r\n',
      'POST /api/v3/order/test HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nab',
    ]) {
      await new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(words, () => socket.destroy()));
        socket.on('error', () => undefined);
        socket.on('close', resolve);
      });
    }
    expect(await send(port, { target: '/api/v3/ping' })).toMatchObject({ status: 200 });
  });

  it('logs neither query, nor body, nor key', async () => {
    const lines: SandboxLine[] = [];
    const { port } = await start({ now: () => new Date(NOW), log: (line) => lines.push(line) });
    await send(port, {
      target: '/api/v3/account?timestamp=1&signature=x',
      headers: { 'x-mbx-apikey': 'bad' },
      from: '127.0.0.2',
    });
    expect(lines).toEqual([
      {
        at: '2026-11-24T09:00:00.000Z',
        address: '127.0.0.2',
        method: 'GET',
        path: '/api/v3/account',
        status: 401,
        code: -2014,
        failure: null,
      },
    ]);
  });

  it('knows nothing else', async () => {
    const { port } = await start();
    expect(await send(port, { target: '/favicon.ico' })).toMatchObject({ status: 404 });
  });
});
