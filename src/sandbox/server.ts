import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { KeyturnError } from '../errors.ts';
import { turnableClock } from './clock.ts';
import { clockPage } from './clock-page.ts';
import { type Faults, openFaults } from './faults.ts';
import { faultsPage } from './faults-page.ts';
import { guard } from './guard.ts';
import { openHouses } from './houses.ts';
import { type Answer, addressOf, type Call, json, readCall } from './http.ts';
import { type Journal, journalPage, openJournal } from './journal.ts';
import { managementPage } from './page.ts';
import { internalError } from './refusals.ts';
import { openRegistry } from './registry.ts';

export interface SandboxOptions {
  /** Where to listen; default 127.0.0.1. On any other than a loopback address every Host header is accepted. */
  host?: string;
  /** 0 takes a free one. */
  port: number;
  /** Where keys survive a restart; null keeps them in memory. */
  stateFile: string | null;
  now?: () => Date;
  log?: (line: SandboxLine) => void;
}

/** One answered request. Queries and bodies are left out, and key ids with them. */
export interface SandboxLine {
  /** ISO instant, by the sandbox's clock. */
  at: string;
  address: string;
  method: string;
  path: string;
  status: number;
  /** The exchange's error code; null when there was none. */
  code: number | null;
  /** What went wrong inside the sandbox; null when nothing did. */
  failure: string | null;
}

export interface Sandbox {
  url: string;
  port: number;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
  /** Turns the sandbox's clock, which runs on from there. */
  turnClock(to: Date): void;
  /** What goes wrong on purpose. */
  faults: Faults;
  /** Every request there was. */
  journal: Journal;
}

/**
 * A local server that behaves as exchanges do where keys matter, with a page to manage them. Throws `corrupt` for a
 * broken state file and `unavailable` when it cannot listen.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host = '127.0.0.1', port, stateFile, now = () => new Date(), log = () => {} } = options;
  const clock = turnableClock(now);
  const registry = openRegistry(stateFile);
  const faults = openFaults(registry);
  const houses = openHouses(registry, clock);
  const houseOf = (call: Call) => houses.find((house) => house.has(call.path));
  const journal = openJournal(registry, (call) => houseOf(call)?.keyIdOf(call) ?? null);

  /** The one place where a call becomes an answer of an exchange; whatever is to go wrong on purpose goes wrong here. */
  function disturbed(call: Call): Answer | null {
    const house = houseOf(call);
    return house ? faults.answer(call, house) : null;
  }

  const parts = [
    guard(host),
    disturbed,
    managementPage(registry, clock),
    clockPage(clock),
    faultsPage(faults),
    journalPage(journal),
  ];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request);
    const answer = call === null ? tooLarge() : answerFrom(parts, call);
    if (call !== null) journal.add(call, answer, clock.now());
    send(response, answer);
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?', 1);
    log({
      at: clock.now().toISOString(),
      address: addressOf(request),
      method,
      path,
      status: answer.status,
      code: answer.code ?? null,
      failure: answer.failure ?? null,
    });
  }

  const server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000, keepAliveTimeout: 30_000 });
  server.on('request', (request, response) => {
    // Reading fails only when the caller is gone, and then nobody waits for an answer.
    serve(request, response).catch(() => response.destroy());
  });
  const listening = await listen(server, host, port);

  return {
    url: `http://${urlHost(host)}:${listening}`,
    port: listening,
    turnClock: (to) => clock.turn(to),
    faults,
    journal,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerFrom(parts: ((call: Call) => Answer | null)[], call: Call): Answer {
  try {
    for (const part of parts) {
      const answer = part(call);
      if (answer !== null) return answer;
    }
    return json(404, { error: 'there is nothing here' });
  } catch (error) {
    return { ...internalError(), failure: error instanceof Error ? error.message : 'unknown' };
  }
}

function send(response: ServerResponse, { status, headers, body, ending }: Answer): void {
  if (ending === 'hang') return;
  if (ending === 'reset') return void response.socket?.resetAndDestroy();
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  if (ending === 'cut') response.write(body.slice(0, body.length / 2), () => response.destroy());
  else response.end(body);
}

/** The rest of such a body is not read, so the connection cannot be used again. */
function tooLarge(): Answer {
  const { headers, ...answer } = json(413, { error: 'the body is larger than 64 KiB' });
  return { ...answer, headers: { ...headers, connection: 'close' } };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const details = { hint: 'choose another port; 0 takes a free one', cause };
      reject(new KeyturnError('unavailable', `the sandbox cannot listen on ${host}, port ${port}`, details));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** An address that can be connected to: listening everywhere includes the loopback. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIP(host) === 6 ? `[${host}]` : host;
}
