import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Notification } from '../../src/core/notifications.ts';
import { KeyturnError } from '../../src/errors.ts';
import { notify, tell } from '../../src/notify.ts';
import { look, pass } from '../../src/tick.ts';
import { keyNamed } from '../../src/workspace.ts';
import { anInbox, type Inbox } from '../providers/inbox.ts';
import { deadPort } from '../providers/loopback.ts';
import { aWorld, KEY, type World } from './world.ts';

let world: World;
let inboxes: Record<string, Inbox>;
let warnings: string[];
afterEach(async () => {
  await world.close();
  vi.unstubAllEnvs();
});

const log = async () => ({ warn: (...[, message]: unknown[]) => void warnings.push(String(message)) });

/** A world with a server for each of these channels, which all are webhooks; options are written as in keyturn.yaml. */
async function begin(notifiers: Record<string, string>, hooks: Record<string, string> = {}): Promise<void> {
  [inboxes, warnings] = [{}, []];
  vi.stubEnv('HOOK_SECRET', 'a secret');
  const written = async (channels: Record<string, string>) => {
    const lines = [];
    for (const [name, options] of Object.entries(channels)) {
      inboxes[name] = await anInbox();
      vi.stubEnv(`URL_${name}`, inboxes[name].url);
      lines.push(`  ${name}: { kind: webhook, url: { env: URL_${name} }, secret: { env: HOOK_SECRET }${options} }`);
    }
    return lines.length > 0 ? lines.join('\n') : '  {}';
  };
  const configuration = `notifiers:\n${await written(notifiers)}\nhooks:\n${await written(hooks)}\n`;
  world = await aWorld({ configuration });
}

/** What a server got since it was last asked, as `event generation step`. */
function news(name = 'desk'): string[] {
  return took(name).map(({ event, generation, step }) => `${event} ${generation ?? '-'} ${step}`);
}

function took(name: string): Notification[] {
  const received = inboxes[name]?.got.splice(0) ?? [];
  return received.flatMap(({ body }) => JSON.parse(body).notifications as Notification[]);
}

async function passAndTell(): Promise<void> {
  await notify(world.workspace, [await world.report()], { log });
}

/** The first generation is current. */
async function established(): Promise<void> {
  await passAndTell();
  await world.registers();
  await passAndTell();
}

/** The second one is current, the first to be deleted. */
async function replaced(): Promise<void> {
  await established();
  world.forward({ days: 29 });
  await passAndTell();
  await world.registers();
  await passAndTell();
  world.forward({ days: 1, minutes: 1 });
  await passAndTell();
}

describe('a whole rotation', () => {
  it('tells each thing exactly once, however often passes run', async () => {
    await begin({ desk: '' });
    const heard: string[] = [];
    // A quarter of an hour at first, then six hours at a time: a person registers after four days and deletes after six.
    const passes = async (count: number, hours: number) => {
      for (let done = 0; done < count; done++) {
        await passAndTell();
        heard.push(...news());
        world.forward({ hours });
      }
    };
    await passes(3, 0.25);
    expect(heard.splice(0)).toEqual(['task 1 0']);
    await passes(16, 6);
    expect(heard.splice(0)).toEqual(['task 1 1', 'overdue 1 2']);
    await passes(4, 6);
    expect(heard.splice(0)).toEqual(['overdue 1 3']);
    await world.registers();
    await passes(4, 6);
    expect(heard.splice(0)).toEqual(['rotated 1 0']);
    world.forward({ days: 28 });
    await passes(2, 1);
    expect(heard.splice(0)).toEqual(['task 2 0']);
    await world.registers();
    await passes(4, 6);
    expect(heard.splice(0)).toEqual(['rotated 2 0']);
    await passes(20, 6);
    expect(heard.splice(0)).toEqual(['task 1 0', 'task 1 1', 'overdue 1 2', 'overdue 1 3', 'overdue 1 4']);
    await world.deletes();
    await passes(3, 0.25);
    expect(heard.splice(0)).toEqual(['dead 1 0']);
    await passes(20, 6);
    expect(heard).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('costs no write while nothing changes', async () => {
    await begin({ desk: '' });
    await established();
    const { revision } = await world.record();
    await passAndTell();
    expect((await world.record()).revision).toBe(revision);
  });
});

describe('a stop', () => {
  it('between a step and telling it loses nothing', async () => {
    await begin({ desk: '' });
    await world.report();
    expect(news()).toEqual([]);
    await passAndTell();
    expect(news()).toEqual(['task 1 0']);
  });

  it('between telling and marking tells it again under the same id', async () => {
    await begin({ desk: '' });
    await passAndTell();
    // The mark is the newest revision; without it the record is as a stop before marking leaves it.
    const records = join(world.folder, '.keyturn/store', KEY, 'record');
    rmSync(join(records, readdirSync(records).sort().at(-1) ?? ''));
    await passAndTell();
    await passAndTell();
    const [first, second, ...rest] = inboxes.desk?.got ?? [];
    expect(rest).toEqual([]);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(second?.body).toBe(first?.body);
  });
});

describe('who cannot be told', () => {
  it('changes nothing, holds up nobody else, and hears it when it is back', async () => {
    await begin({ desk: '', chat: ', on: [task]' });
    vi.stubEnv('URL_desk', `http://127.0.0.1:${await deadPort()}`);
    await established();
    expect((await world.status()).phase).toBe('steady');
    expect(news('chat')).toEqual(['task 1 0']);
    expect(new Set(warnings)).toEqual(
      new Set([
        'could not tell: it did not take the message on (ECONNREFUSED); check that it is up and can be reached from here',
      ]),
    );
    vi.stubEnv('URL_desk', inboxes.desk?.url ?? '');
    world.forward({ days: 10 });
    await passAndTell();
    expect(news('desk')).toEqual(['rotated 1 0']);
    expect(news('chat')).toEqual([]);
  });

  it('for one message does not miss the others', async () => {
    await begin({ desk: '' });
    if (inboxes.desk) inboxes.desk.answers = { status: 400 };
    await world.report();
    await world.registers();
    await world.rotate({ reason: 'leaked', compromised: [1] });
    await passAndTell();
    const tried = news();
    expect(tried.length).toBeGreaterThan(1);
    if (inboxes.desk) inboxes.desk.answers = { status: 200 };
    await passAndTell();
    expect(news()).toEqual(tried);
  });
});

describe('a leak', () => {
  it('is told to everybody at once, at night and whatever they asked for', async () => {
    const quiet = ', quiet: { from: "00:00", to: "24:00", timeZone: UTC }';
    await begin({ desk: quiet, other: ', on: [dead], owners: [desk-b]' }, { reload: '' });
    await established();
    expect(news('desk')).toEqual([]);
    news('reload');
    await world.rotate({ reason: 'pasted into a chat', compromised: 'current' });
    await tell(world.workspace, [keyNamed(world.workspace.keys, KEY)], { log });
    for (const name of ['desk', 'other']) {
      expect(took(name)).toMatchObject([
        { event: 'compromised', generation: 1, message: 'generation 1 is compromised, says test: pasted into a chat' },
      ]);
    }
    await passAndTell();
    expect([news('desk'), news('other'), news('reload')]).toEqual([[], [], []]);
  });
});

describe('quiet hours', () => {
  it('put off what is told, and lose nothing of it', async () => {
    await begin({ desk: ', quiet: { from: "11:00", to: "15:00", timeZone: UTC }' });
    await passAndTell();
    expect(news()).toEqual([]);
    world.forward({ hours: 4 });
    await passAndTell();
    expect(news()).toEqual(['task 1 0']);
  });
});

describe('a failure', () => {
  it('that is over at night is told to be over in the morning, whatever else was told at night', async () => {
    await begin({ desk: ', on: [failed, recovered], quiet: { from: "18:00", to: "09:00", timeZone: UTC }' });
    await replaced();
    world.sandbox.faults.switchOn({ kind: 'maintenance', key: null, times: null, seconds: null });
    await passAndTell();
    expect(news()).toEqual(['failed - 0']);
    world.sandbox.faults.switchAllOff();
    world.forward({ hours: 8 });
    await passAndTell();
    await world.rotate({ reason: 'leaked', compromised: 'current' });
    await passAndTell();
    expect(news()).toEqual(['compromised 2 0']);
    world.forward({ hours: 14 });
    await passAndTell();
    expect(news()).toContain('recovered - 0');
  });

  it('is told once for each cause, and when it is over', async () => {
    await begin({ desk: ', on: [failed, recovered]' });
    await replaced();
    expect(news()).toEqual([]);
    const fails = async (kind: 'maintenance' | 'server-error') => {
      world.sandbox.faults.switchAllOff();
      world.sandbox.faults.switchOn({ kind, key: null, times: null, seconds: null });
      for (let count = 0; count < 3; count++) await passAndTell();
      return took('desk');
    };
    const [first, ...more] = await fails('maintenance');
    expect(more).toEqual([]);
    expect(first).toMatchObject({ event: 'failed', message: expect.stringMatching(/^prove: /) });
    expect(first?.subject).toMatch(/^failed\/maintenance\//);
    const { revision } = await world.record();
    await passAndTell();
    expect((await world.record()).revision).toBe(revision);
    expect(await fails('server-error')).toMatchObject([{ subject: expect.stringMatching(/^failed\/server-error\//) }]);
    world.sandbox.faults.switchAllOff();
    for (let count = 0; count < 2; count++) await passAndTell();
    expect(took('desk')).toMatchObject([{ event: 'recovered', message: 'it works again (server-error)' }]);
    expect((await world.record()).failure).toBeUndefined();
  });
});

describe('a pass does not say that a failure is over', () => {
  it.each([
    ['where it was to leave the key alone', { mayAct: () => false }],
    ['where somebody else got in between each time', {}],
  ])('%s', async (_, options) => {
    await begin({ desk: ', on: [failed, recovered]' });
    await replaced();
    world.sandbox.faults.switchOn({ kind: 'maintenance', key: null, times: null, seconds: null });
    await passAndTell();
    expect(news()).toEqual(['failed - 0']);
    const { ports, keys, clock } = world.workspace;
    const act = () => Promise.reject(new KeyturnError('conflict', 'somebody else wrote'));
    const looked = await look(ports.sources, keys, clock.now());
    const reports = await pass({ sources: ports.sources, clock, act }, looked, options);
    expect(reports).toMatchObject([{ actions: [], decision: { action: 'prove' } }]);
    await notify(world.workspace, reports, { log });
    expect(news()).toEqual([]);
    expect((await world.record()).failure).toMatchObject({ cause: 'maintenance' });
  });
});

describe('incidents', () => {
  async function onDuty(options = ''): Promise<Inbox> {
    const duty = await anInbox();
    vi.stubEnv('ROUTING_KEY', 'R0UT1NG');
    const entry = `{ kind: pagerduty, routingKey: { env: ROUTING_KEY }, baseUrl: "${duty.url}"${options} }`;
    world = await aWorld({ configuration: `notifiers: { duty: ${entry} }\n` });
    return duty;
  }

  it('are opened, kept and resolved with what they are about', async () => {
    const duty = await onDuty(', on: [task, overdue]');
    const incidents = () =>
      duty.got.splice(0).map(({ body }) => {
        const { event_action, dedup_key } = JSON.parse(body);
        return `${event_action} ${dedup_key.split('/').slice(1, 5).join('/')}`;
      });
    await passAndTell();
    world.forward({ days: 4 });
    await passAndTell();
    expect(incidents()).toEqual([`trigger ${KEY}/1/register`, `trigger ${KEY}/1/register`]);
    await world.registers();
    await tell(world.workspace, [keyNamed(world.workspace.keys, KEY)], { log });
    expect(incidents()).toEqual([`resolve ${KEY}/1/register`]);
    await passAndTell();
    expect(incidents()).toEqual([]);
  });

  it('of a record that cannot be read are opened under the same key each time', async () => {
    const duty = await onDuty();
    await passAndTell();
    writeFileSync(join(world.folder, '.keyturn/store', KEY, 'record/99999999.json'), 'broken');
    await passAndTell();
    await passAndTell();
    const keys = duty.got.map(({ body }) => JSON.parse(body).dedup_key);
    expect(keys).toEqual(Array(2).fill(`keyturn/${KEY}/failed/record-unreadable`));
  });
});

describe('a hook', () => {
  it('is called once after each promotion of its keys, and of no others', async () => {
    await begin({}, { reload: `, keys: [${KEY}]`, other: ', applications: [other]', bot: ', applications: [bot]' });
    await replaced();
    for (const name of ['reload', 'bot']) expect(news(name)).toEqual(['rotated 1 0', 'rotated 2 0']);
    expect(news('other')).toEqual([]);
  });

  it('that was down is called by the next pass', async () => {
    await begin({}, { reload: '' });
    if (inboxes.reload) inboxes.reload.answers = { status: 503 };
    await established();
    if (inboxes.reload) inboxes.reload.answers = { status: 200 };
    news('reload');
    await passAndTell();
    await passAndTell();
    expect(news('reload')).toEqual(['rotated 1 0']);
  });
});

it('what some of its readers could not get is a warning, and is not told the others again', async () => {
  await begin({});
  let sent = 0;
  const deliver = async () => {
    sent += 1;
    throw new KeyturnError('refused', 'it refused 1 of 2 recipients', { partial: true });
  };
  const mail = { name: 'notifiers/mail', hears: () => true, isSilent: () => false, keepsIncidents: false };
  const channels = async () => [{ ...mail, digest: 'never' as const, notifier: { deliver } }];
  const workspace = { ...world.workspace, ports: { ...world.workspace.ports, channels } };
  for (let passes = 0; passes < 2; passes++) await notify(workspace, [await world.report()], { log });
  expect(sent).toBe(1);
  expect(warnings).toEqual(['could not tell: it refused 1 of 2 recipients']);
});
