import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HOOKS, NOTIFIERS, type NotifierKind } from '../../providers/index.ts';
import { messageOf } from '../../src/core/notification-text.ts';
import { type Notification, notification } from '../../src/core/notifications.ts';
import { KeyturnError } from '../../src/errors.ts';
import { OUTPUTS } from '../../src/outputs.ts';
import { aKey } from '../build.ts';
import { describeWith, itWith, program } from '../programs/index.ts';
import { anInbox, type Inbox } from './inbox.ts';
import { deadPort, serveTcp } from './loopback.ts';
import { selfSigned } from './self-signed.ts';

const AT = '2026-06-01T12:00:00.000Z';

const told = (changes: Partial<Notification> = {}): Notification => ({
  ...notification(aKey(), {
    event: 'task',
    subject: '3/register/1780315200',
    generation: 3,
    at: AT,
    deadline: '2026-06-04T12:00:00.000Z',
    message: 'generation 3 is to be registered <by> desk & co',
    hint: 'keyturn task binance-main/spot',
  }),
  ...changes,
});
const MESSAGE = messageOf([told()]);
const DIGEST = messageOf([told(), told({ id: 'other', event: 'overdue', key: 'binance-main/tax' })]);

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-notifiers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A secret in a file of its own. */
function kept(folder: string, name: string, text: string): { file: string } {
  writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 });
  return { file: name };
}

/** Opens a notifier with options as keyturn.yaml would give them. */
async function open(kind: keyof typeof NOTIFIERS, options: object, folder: string, now = new Date(AT)) {
  const notifier = NOTIFIERS[kind] as NotifierKind<unknown>;
  const [schema, opened] = [await notifier.options(), await notifier.load()];
  return opened(schema.parse(options), { clock: { now: () => now }, folder });
}

const bodyOf = ({ got }: Inbox) => JSON.parse(got[0]?.body ?? 'null');

describe('slack', () => {
  it('gets one text, in which nothing of ours is one of its marks', async () => {
    const [folder, inbox] = [aFolder(), await anInbox()];
    await (await open('slack', { url: kept(folder, 'url', `${inbox.url}/services/T0/B0/x`) }, folder)).deliver(MESSAGE);
    expect(inbox.got).toMatchObject([{ method: 'POST', path: '/services/T0/B0/x' }]);
    expect(inbox.got[0]?.headers['content-type']).toBe('application/json');
    expect(bodyOf(inbox)).toEqual({
      text: '*keyturn: task: binance-main/spot*\ntask: binance-main/spot: generation 3 is to be registered &lt;by&gt; desk &amp; co (keyturn task binance-main/spot)',
    });
  });
});

describe('teams', () => {
  it('gets an adaptive card, one block a line', async () => {
    const [folder, inbox] = [aFolder(), await anInbox()];
    inbox.answers = { status: 202 };
    await (await open('teams', { url: kept(folder, 'url', inbox.url) }, folder)).deliver(DIGEST);
    const [{ contentType, content }] = bodyOf(inbox).attachments;
    expect(contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(content.body.map(({ text }: { text: string }) => text)).toEqual([
      'keyturn: 1 task, 1 overdue',
      expect.stringMatching(/^task: binance-main\/spot: generation 3 is to be registered/),
      expect.stringMatching(/^overdue: binance-main\/tax: /),
    ]);
  });
});

describe('a webhook', () => {
  const SECRET = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`;
  const posted = async (secret: string, now: Date) => {
    const [folder, inbox] = [aFolder(), await anInbox()];
    const options = { url: kept(folder, 'url', inbox.url), secret: kept(folder, 'secret', secret) };
    await (await open('webhook', options, folder, now)).deliver(MESSAGE);
    const [received] = inbox.got;
    if (!received) throw new Error('nothing was posted');
    return received;
  };

  it('gets the published document, under an id that stays the same', async () => {
    const { body, headers } = await posted('any text', new Date(AT));
    const document = OUTPUTS.notification.parse(JSON.parse(body));
    expect(document).toMatchObject({
      id: 'binance-main/spot/3/register/1780315200/0',
      notifications: [{ event: 'task' }],
    });
    expect(headers).toMatchObject({
      'webhook-id': document.id,
      'idempotency-key': document.id,
      'webhook-timestamp': '1780315200',
    });
  });

  describeWith(['python'], 'verified by somebody else’s program', () => {
    const VERIFY =
      'import json, sys; from standardwebhooks import Webhook; r = json.load(sys.stdin); Webhook(r["secret"]).verify(r["body"], r["headers"])';
    const verify = (secret: string, { body, headers }: { body: string; headers: object }) =>
      execFileSync(program('python'), ['-c', VERIFY], {
        input: JSON.stringify({ secret, body, headers }),
        stdio: ['pipe', 'pipe', 'pipe'],
      });

    it('has a good signature, which no changed body has', async () => {
      const received = await posted(SECRET, new Date());
      verify(SECRET, received);
      expect(() => verify(SECRET, { ...received, body: received.body.replace('spot', 'sp0t') })).toThrow(
        /WebhookVerificationError/,
      );
      const headers = {
        ...received.headers,
        'webhook-timestamp': `${Number(received.headers['webhook-timestamp']) + 1}`,
      };
      expect(() => verify(SECRET, { ...received, headers })).toThrow(/WebhookVerificationError/);
    });
  });
});

describe('pagerduty', () => {
  const opened = async (...notifications: Notification[]) => {
    const [folder, inbox] = [aFolder(), await anInbox()];
    inbox.answers = { status: 202 };
    const routingKey = kept(folder, 'key', 'R0UT1NG');
    const notifier = await open('pagerduty', { routingKey, baseUrl: inbox.url }, folder);
    for (const each of notifications) await notifier.deliver(messageOf([each]));
    expect(inbox.got.every(({ path }) => path === '/v2/enqueue')).toBe(true);
    return inbox.got.map(({ body }) => JSON.parse(body));
  };

  it('keeps the reminders of one thing in one incident, and resolves it', async () => {
    const events = await opened(told(), told({ event: 'overdue', step: 2 }), told({ event: 'recovered' }));
    expect(events).toMatchObject([
      {
        routing_key: 'R0UT1NG',
        event_action: 'trigger',
        payload: { severity: 'warning', source: 'binance-main/spot', timestamp: AT },
      },
      { event_action: 'trigger', payload: { severity: 'error', component: 'market-maker' } },
      { event_action: 'resolve' },
    ]);
    expect(new Set(events.map(({ dedup_key }) => dedup_key))).toEqual(
      new Set(['keyturn/binance-main/spot/3/register/1780315200']),
    );
    expect(events[2].payload).toBeUndefined();
  });

  it('is woken for a leak most of all, and a test closes what it opened', async () => {
    const [leak, ...test] = await opened(told({ event: 'compromised' }), told({ event: 'test' }));
    expect(leak.payload.severity).toBe('critical');
    expect(test.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
  });

  it('takes only what can be closed, one at a time', async () => {
    const options = await NOTIFIERS.pagerduty.options();
    const routingKey = { env: 'KEY' };
    expect(options.safeParse({ routingKey, on: ['rotated'] }).success).toBe(false);
    expect(options.safeParse({ routingKey, digest: true }).success).toBe(false);
    expect(options.safeParse({ routingKey, baseUrl: 'http://events.example.com' }).success).toBe(false);
  });
});

describe('a command', () => {
  const script = (folder: string, text: string): string => {
    const file = join(folder, 'script.sh');
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };

  it('gets the document on standard input and its arguments as they are', async () => {
    const folder = aFolder();
    const run = [script(folder, 'cat > got.json; printf %s "$1" > argument'), '$(touch broken); `x`'];
    await (await open('command', { run }, folder)).deliver(DIGEST);
    expect(OUTPUTS.notification.parse(JSON.parse(readFileSync(join(folder, 'got.json'), 'utf8'))).id).toBe(DIGEST.id);
    expect(readFileSync(join(folder, 'argument'), 'utf8')).toBe(run[1]);
    expect(existsSync(join(folder, 'broken'))).toBe(false);
  });

  it('that does not read is told all the same', async () => {
    const folder = aFolder();
    const many = messageOf(Array.from({ length: 2000 }, (_, index) => told({ id: `${index}` })));
    await (await open('command', { run: [script(folder, 'exit 0')] }, folder)).deliver(many);
  });

  it('that fails, is missing or takes too long is said to, and what it started ends with it', async () => {
    const folder = aFolder();
    const fails = (run: string[], timeoutSeconds = 30) =>
      expect(open('command', { run, timeoutSeconds }, folder).then((opened) => opened.deliver(MESSAGE))).rejects;
    await fails([script(folder, 'echo hush >&2; exit 3')]).toMatchObject({
      code: 'refused',
      message: 'its program ended with status 3',
    });
    await fails(['./nowhere']).toMatchObject({ code: 'invalid', message: 'its program cannot be started (ENOENT)' });
    // Some of what the system refuses Node throws at once.
    await fails([join(script(folder, 'exit 0'), 'inside')]).toMatchObject({
      code: 'invalid',
      message: 'its program cannot be started (ENOTDIR)',
    });
    const slow = script(folder, '(sleep 2; touch survived) & sleep 60');
    await fails([slow], 1).toMatchObject({ code: 'unavailable', message: 'its program was ended by SIGKILL' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(existsSync(join(folder, 'survived'))).toBe(false);
  });
});

describeWith(['python', 'openssl'], 'mail', () => {
  const USER = 'keyturn';
  const PASSWORD = 'correct-horse';

  async function server(encryption: 'tls' | 'starttls') {
    const { files } = selfSigned();
    const mode = encryption === 'tls' ? 'implicit' : 'starttls';
    const child = spawn(
      program('python'),
      ['test/programs/smtp-server.py', files.cert, files.key, mode, USER, PASSWORD],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? 'null');
    const { port } = await next();
    const folder = aFolder();
    const options = {
      host: 'localhost',
      port,
      encryption,
      ca: files.cert,
      user: USER,
      password: kept(folder, 'password', PASSWORD),
      from: 'keyturn@example.com',
      to: ['desk-a@example.com'],
    };
    const mail = (changes: object = {}) => open('mail', { ...options, ...changes }, folder);
    return { mail, next, folder };
  }

  it.each(['tls', 'starttls'] as const)('arrives over %s, with the same Message-ID each time', async (encryption) => {
    const { mail, next } = await server(encryption);
    await (await mail()).deliver(DIGEST);
    await (await mail()).deliver(DIGEST);
    const [first, second] = [await next(), await next()];
    expect(first).toMatchObject({
      from: 'keyturn@example.com',
      to: ['desk-a@example.com'],
      encrypted: true,
      authenticated: true,
      headers: { Subject: 'keyturn: 1 task, 1 overdue', 'Auto-Submitted': 'auto-generated' },
    });
    expect(first.text).toContain('overdue: binance-main/tax');
    expect(first.headers['Message-ID']).toMatch(/^<[0-9a-f]{40}@example\.com>$/);
    expect(second.headers['Message-ID']).toBe(first.headers['Message-ID']);
  });

  it('that some of its readers cannot get says so, and that it is not to be sent to the others again', async () => {
    const { mail, next } = await server('tls');
    await expect(
      (await mail({ to: ['gone@example.com', 'desk-a@example.com'] })).deliver(MESSAGE),
    ).rejects.toMatchObject({
      code: 'refused',
      partial: true,
      message: 'the mail server refused 1 of 2 recipients; the others got the message',
    });
    expect(await next()).toMatchObject({ to: ['desk-a@example.com'] });
    await expect((await mail({ to: ['gone@example.com'] })).deliver(MESSAGE)).rejects.toMatchObject({ partial: false });
  });

  it('ends within a time, whatever the server goes on to say', async () => {
    const { mail } = await server('starttls');
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => timeout(ms / 60));
    onTestFinished(() => void vi.restoreAllMocks());
    const pit = await serveTcp((socket) => {
      socket.write('220 pit ESMTP\r\n');
      const talking = setInterval(() => socket.write('250-and\r\n'), 50);
      socket.on('close', () => clearInterval(talking));
    });
    await expect((await mail({ port: pit.port })).deliver(MESSAGE)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('that is refused, or meets a server it cannot trust, says so without a word of what it sent', async () => {
    const { mail, folder } = await server('starttls');
    const fails = async (changes: object, code: string) => {
      const error: KeyturnError = await (await mail(changes)).deliver(MESSAGE).then(
        () => expect.unreachable(),
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(KeyturnError);
      expect(error.code).toBe(code);
      expect(`${error.message} ${error.hint} ${inspect(error.cause)}`).not.toMatch(
        /correct-horse|wrong-horse|generation 3/,
      );
      return error.message;
    };
    expect(await fails({ to: ['refused@example.com'] }, 'refused')).toContain('status 550');
    expect(await fails({ password: kept(folder, 'wrong', 'wrong-horse') }, 'refused')).toContain('EAUTH');
    await fails({ ca: undefined }, 'unavailable');
    await fails({ port: await deadPort() }, 'unavailable');
    const plain = await serveTcp((socket) => void socket.write('220 plain ESMTP\r\n'));
    await fails({ port: plain.port, encryption: 'tls' }, 'unavailable');
  });
});

describe('a rollout in Kubernetes', () => {
  itWith(['openssl'], 'is the one PATCH that kubectl sends, with the token and authority of the pod', async () => {
    const { key, cert, files } = selfSigned();
    const inbox = await anInbox((listener) => createHttpsServer({ key, cert }, listener));
    const folder = aFolder();
    writeFileSync(join(folder, 'token'), 'eyJ.first\n', { mode: 0o644 });
    const kind = HOOKS['kubernetes-rollout'];
    const [options, make] = [await kind.options(), await kind.load()];
    const server = `https://localhost:${inbox.port}`;
    const given = {
      namespace: 'trading',
      workload: 'statefulset/market-maker',
      server,
      token: 'token',
      ca: files.cert,
    };
    const hook = make(options.parse(given), { clock: { now: () => new Date() }, folder });
    await hook.deliver(MESSAGE);
    writeFileSync(join(folder, 'token'), 'eyJ.second\n');
    await hook.deliver(MESSAGE);
    expect(inbox.got).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/apps/v1/namespaces/trading/statefulsets/market-maker',
        headers: { authorization: 'Bearer eyJ.first', 'content-type': 'application/strategic-merge-patch+json' },
        body: `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"${AT}"}}}}}`,
      },
      { headers: { authorization: 'Bearer eyJ.second' }, body: inbox.got[0]?.body },
    ]);
    inbox.answers = { status: 403 };
    await expect(hook.deliver(MESSAGE)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('403'),
    });
    const stranger = make(options.parse({ ...given, ca: selfSigned().files.cert }), {
      clock: { now: () => new Date() },
      folder,
    });
    await expect(stranger.deliver(MESSAGE)).rejects.toMatchObject({ code: 'unavailable' });
  });

  itWith(['openssl'], 'goes on when the cluster has another authority', async () => {
    const { key, cert } = selfSigned();
    const inbox = await anInbox((listener) => createHttpsServer({ key, cert }, listener));
    const folder = aFolder();
    writeFileSync(join(folder, 'token'), 'eyJ.first');
    writeFileSync(join(folder, 'ca.crt'), selfSigned().cert);
    const kind = HOOKS['kubernetes-rollout'];
    const [options, make] = [await kind.options(), await kind.load()];
    const server = `https://localhost:${inbox.port}`;
    const given = { namespace: 'trading', workload: 'deployment/x', server, token: 'token', ca: 'ca.crt' };
    const hook = make(options.parse(given), { clock: { now: () => new Date() }, folder });
    await expect(hook.deliver(MESSAGE)).rejects.toMatchObject({ code: 'unavailable' });
    writeFileSync(join(folder, 'ca.crt'), cert);
    await hook.deliver(MESSAGE);
    expect(inbox.got).toHaveLength(1);
  });

  it('needs a workload that can be restarted', async () => {
    const options = await HOOKS['kubernetes-rollout'].options();
    for (const workload of ['pod/x', 'deployment/', 'deployment/../x', 'deployment/X', 'market-maker'])
      expect(options.safeParse({ namespace: 'trading', workload }).success).toBe(false);
    expect(options.safeParse({ namespace: '../x', workload: 'deployment/x' }).success).toBe(false);
  });
});

describe('what an answer means', () => {
  const toldOf = async (status: number, headers: Record<string, string> = {}) => {
    const [folder, inbox] = [aFolder(), await anInbox()];
    inbox.answers = { status, headers };
    const slack = await open('slack', { url: kept(folder, 'url', `${inbox.url}/hush`) }, folder);
    const deliver = () =>
      slack.deliver(MESSAGE).then(
        () => null,
        (thrown: KeyturnError) => thrown,
      );
    return { inbox, deliver, error: await deliver() };
  };

  it('is told apart by what helps, and repeats no address', async () => {
    const codes = await Promise.all([404, 410, 500, 503, 302].map(async (status) => (await toldOf(status)).error));
    expect(codes.map((error) => error?.code)).toEqual([
      'refused',
      'refused',
      'unavailable',
      'unavailable',
      'unavailable',
    ]);
    for (const error of codes) expect(`${error?.message} ${error?.hint}`).not.toMatch(/hush|127\.0\.0\.1|generation 3/);
  });

  it('a pause that is asked for is kept', async () => {
    const { inbox, deliver, error } = await toldOf(429, { 'retry-after': '60' });
    expect(error).toMatchObject({ code: 'throttled', retryAfter: 60 });
    expect(await deliver()).toMatchObject({ code: 'throttled' });
    expect(inbox.got).toHaveLength(1);
  });

  it('there is none from an address that is none, or is open to all', async () => {
    const folder = aFolder();
    for (const url of ['hooks.slack.com', 'http://hooks.slack.com/x', 'ftp://127.0.0.1/']) {
      const error = (await open('slack', { url: kept(folder, 'url', url) }, folder)).deliver(MESSAGE);
      await expect(error).rejects.toMatchObject({ code: 'invalid', message: expect.not.stringContaining(url) });
    }
    await expect(
      (await open('slack', { url: { env: 'KEYTURN_NOWHERE' } }, folder)).deliver(MESSAGE),
    ).rejects.toMatchObject({
      code: 'invalid',
      message: 'environment variable KEYTURN_NOWHERE is not set',
    });
  });
});
