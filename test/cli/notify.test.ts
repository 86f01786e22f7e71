import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { anInbox, type Inbox } from '../providers/inbox.ts';
import { deadPort } from '../providers/loopback.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** Notifiers as users meet them: real processes, real servers, real kills. */

const ADDRESS = 'https://chat.example.com/hush/hush';

let sandbox: Sandbox;
let folder = '';
let close: () => Promise<void>;
let env: NodeJS.ProcessEnv;
let inbox: Inbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null });
  ({ folder, close } = await aFolder());
  await keyturn(['init', '--account', 'desk'], { cwd: folder });
});
afterAll(async () => {
  await sandbox.close();
  await close();
});

const policy = (name: string) => `apiVersion: keyturn/v1
account: ${name}
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`;

const keyEntry = (name: string) =>
  `  - { name: ${name}, application: ${name}, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }`;

const DESK = '{ kind: webhook, url: { env: DESK_URL }, secret: { env: DESK_SECRET } }';

const configured = (notifiers: string) =>
  writeFile(
    join(folder, 'keyturn.yaml'),
    `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${sandbox.url}" } }\nnotifiers:\n  ${notifiers}\n`,
  );

let accounts = 0;
let key = '';
beforeEach(async () => {
  inbox = await anInbox();
  env = { DESK_URL: inbox.url, DESK_SECRET: 'correct-horse' };
  key = `account-${++accounts}/spot`;
  await configured(`desk: ${DESK}`);
  await writeFile(join(folder, 'policies/desk.yaml'), policy(`account-${accounts}`));
});

const run = (...args: string[]) => keyturn(args, { cwd: folder, env });
const events = () => inbox.got.splice(0).flatMap(({ body }) => JSON.parse(body).notifications);

describe('a pass', () => {
  it('tells what it did, once', async () => {
    expect(await run('apply')).toMatchObject({ status: 0 });
    expect(events()).toMatchObject([{ event: 'task', key, generation: 1, owner: 'desk-a' }]);
    await run('apply');
    expect(events()).toEqual([]);
  });

  it('is what it is, with a notifier that is down or has no secret: a warning, and nothing else', async () => {
    await configured(`desk: ${DESK}\n  lost: { kind: slack, url: { env: NOWHERE } }`);
    env.DESK_URL = `http://127.0.0.1:${await deadPort()}/hush`;
    const down = await run('apply', '-o', 'json');
    expect(down.status).toBe(0);
    expect(JSON.parse(down.stdout).keys[0]).toMatchObject({
      error: null,
      actions: [{ outcome: 'done' }, { outcome: 'waiting' }],
    });
    const warnings = down.stderr.split('\n').filter((line) => line.includes('"warn"'));
    const about = warnings.map((line) => (JSON.parse(line) as { about: string }).about);
    expect(new Set(about)).toEqual(new Set(['notifiers/desk', 'notifiers/lost']));
    expect(down.stderr).not.toMatch(/hush|correct-horse/);
    env.DESK_URL = inbox.url;
    await run('apply');
    expect(events()).toMatchObject([{ event: 'task', key }]);
  });

  it('killed as it tells is made up for by the next one, under the same id', async () => {
    const child = spawn(process.execPath, [resolve('dist/main.js'), 'apply'], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    inbox.answers.before = () => void child.kill('SIGKILL');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    inbox.answers = { status: 200 };
    await run('apply');
    await run('apply');
    const ids = inbox.got.map(({ headers }) => headers['idempotency-key']);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
    expect(inbox.got[0]?.body).toBe(inbox.got[1]?.body);
  });
});

describe('many keys at once', () => {
  it('are one message where that is wanted, and where they are very many', async () => {
    await configured(`desk: ${DESK}\n  digest: ${DESK.slice(0, -2)}, digest: true }`);
    const keys = (count: number) => Array.from({ length: count }, (_, index) => keyEntry(`k${index}`)).join('\n');
    const write = (count: number) =>
      writeFile(
        join(folder, 'policies/desk.yaml'),
        `${policy(`many-${accounts}`).split('keys:')[0]}keys:\n${keys(count)}\n`,
      );
    await write(3);
    await run('apply');
    const sizes = () =>
      inbox.got
        .splice(0)
        .map(({ body }) => (JSON.parse(body) as { notifications: unknown[] }).notifications.length)
        .sort((a, b) => a - b);
    expect(sizes()).toEqual([1, 1, 1, 3]);
    await write(24);
    await run('apply');
    expect(sizes()).toEqual([21, 21]);
    await run('apply');
    expect(sizes()).toEqual([]);
  });
});

describe('a leak', () => {
  it('is told by the command that declares it', async () => {
    await run('apply');
    events();
    const ran = await run('rotate', key, '--compromised', '--generation', '1', '--reason', 'pasted');
    expect(ran.status).toBe(0);
    expect(events()).toMatchObject([{ event: 'compromised', key, generation: 1 }]);
  });
});

describe('notify test', () => {
  it('sends through one notifier or all, and says what became of it', async () => {
    await configured(`desk: ${DESK}\n  chat: { kind: slack, url: { env: CHAT_URL } }`);
    env.CHAT_URL = `http://127.0.0.1:${await deadPort()}/hush`;
    expect(await run('notify', 'test', 'desk')).toMatchObject({ status: 0, stdout: 'desk: sent\n', stderr: '' });
    expect(events()).toMatchObject([{ event: 'test', message: 'this is a test; nothing is to be done' }]);
    const both = await run('notify', 'test');
    expect(both).toMatchObject({
      status: 1,
      stdout:
        'desk: sent\nchat: failed: it did not take the message on (ECONNREFUSED); check that it is up and can be reached from here\n',
    });
    env.CHAT_URL = undefined;
    expect((await run('notify', 'test', 'chat')).stdout).toBe(
      'chat: failed: environment variable CHAT_URL is not set; set it where keyturn runs, or refer to a file\n',
    );
  });

  it('shows no secret, whatever NODE_DEBUG asks Node to write', async () => {
    await configured(`desk: ${DESK}\n  program: { kind: command, run: [cat] }`);
    env.DESK_URL = `${inbox.url}/hush`;
    env.NODE_DEBUG = 'http,net,stream,child_process';
    const ran = await run('notify', 'test');
    expect(ran).toMatchObject({ status: 0, stdout: 'desk: sent\nprogram: sent\n' });
    expect(ran.stderr).not.toMatch(/hush|correct-horse|envPairs/);
  });

  it('knows no other names', async () => {
    const ran = await run('notify', 'test', 'dsk');
    expect(ran).toMatchObject({ status: 64, stderr: expect.stringContaining('did you mean desk?') });
    await writeFile(join(folder, 'keyturn.yaml'), 'apiVersion: keyturn/v1\n');
    await writeFile(join(folder, 'policies/desk.yaml'), policy('plain').replace('venue: exchange', 'venue: sandbox'));
    expect(await run('notify', 'test')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('there is no notifier'),
    });
  });
});

const MISTAKES: Record<string, { notifier: string; says: RegExp; help: RegExp }> = {
  'no address': {
    notifier: '{ kind: slack, on: [task] }',
    says: /^7 schema: url is missing$/,
    help: /^add url/,
  },
  'an unknown event': {
    notifier: '{ kind: slack, url: { env: URL }, on: [task, overdu] }',
    says: /^52 schema: entry 2 of on must be one of task, overdue/,
    help: /^did you mean overdue\?$/,
  },
  'a reference to nothing': {
    notifier: '{ kind: slack, url: { nev: URL } }',
    says: /^27 schema: url has none of the forms it can have$/,
    help: /^write { env: NAME } or { file: PATH }$/,
  },
  'an address that is a secret': {
    notifier: `{ kind: slack, url: "${ADDRESS}" }`,
    says: /^27 secret-material: url seems to hold a secret, written out$/,
    help: /^name where it comes from/,
  },
  'an unknown kind': {
    notifier: '{ kind: slak }',
    says: /^15 schema: kind must be one of slack, teams/,
    help: /^did you mean slack\?$/,
  },
  'a night that is none': {
    notifier: '{ kind: slack, url: { env: URL }, quiet: { from: "22:00", to: "7:00", timeZone: UTC } }',
    says: /^69 schema: to must be a time from 00:00 to 24:00$/,
    help: /07:00/,
  },
  'what PagerDuty cannot close': {
    notifier: '{ kind: pagerduty, routingKey: { env: KEY }, on: [rotated] }',
    says: /^57 schema: entry 1 of on must be one of task, overdue, compromised, failed$/,
    help: /\S/,
  },
};

describe('a configuration with', () => {
  let problems: { line: number; column: number; rule: string; message: string; help: string }[];
  beforeAll(async () => {
    const entries = Object.values(MISTAKES).map(({ notifier }, index) => `  n${index}: ${notifier}\n`);
    const wrong = await aFolder({ 'keyturn.yaml': `apiVersion: keyturn/v1\nnotifiers:\n${entries.join('')}` });
    await mkdir(join(wrong.folder, 'policies'));
    await writeFile(join(wrong.folder, 'policies/desk.yaml'), policy('desk').replace('exchange', 'binance'));
    const { status, stdout } = await keyturn(['policy', 'check', '-o', 'json'], { cwd: wrong.folder });
    await wrong.close();
    expect(status).toBe(65);
    expect(stdout).not.toContain('hush');
    ({ problems } = JSON.parse(stdout));
  });

  it.each(Object.entries(MISTAKES))('%s is refused, with its line and a remedy', (name, { says, help }) => {
    const line = 3 + Object.keys(MISTAKES).indexOf(name);
    const found = problems.filter((problem) => problem.line === line);
    expect(found.map(({ column, rule, message }) => `${column} ${rule}: ${message}`)).toEqual([
      expect.stringMatching(says),
    ]);
    expect(found[0]?.help).toMatch(help);
  });
});

it('names that no policy has are warned of, with the nearest', async () => {
  const hook = '{ kind: command, run: [x], keys: [nobody/spot], applications: [bott] }';
  await configured(`desk: ${DESK.slice(0, -2)}, owners: [desk-a, desk-bb] }\nhooks:\n  bot: ${hook}`);
  const { status, stdout } = await run('policy', 'check', '-o', 'json');
  expect(status).toBe(0);
  const { problems } = JSON.parse(stdout) as {
    problems: { severity: string; line: number; path: string; help: string }[];
  };
  expect(problems).toMatchObject([
    { severity: 'warning', line: 4, path: 'notifiers.desk.owners.1', help: 'did you mean desk-a?' },
    { severity: 'warning', line: 6, path: 'hooks.bot.keys.0' },
    { severity: 'warning', line: 6, path: 'hooks.bot.applications.0', help: 'did you mean bot?' },
  ]);
});

it('the documented examples are right', async () => {
  const page = await readFile('docs/notifications.md', 'utf8');
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) {
    await writeFile(
      join(folder, 'keyturn.yaml'),
      `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${sandbox.url}" } }\n${example}`,
    );
    expect(await run('policy', 'check')).toMatchObject({ status: 0 });
  }
});
