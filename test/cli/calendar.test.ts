import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ICAL from 'ical.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OUTPUTS } from '../../src/outputs.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { aFolder, keyturn } from './keyturn.ts';

/** The calendar of six keys that went into service together, whose rotations all start on one day. */

let sandbox: Sandbox;
let folder: string;
let close: () => Promise<void>;

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const keyOf = (name: string, days: number) =>
  `  - { name: ${name}, application: ${name}, purpose: spot-trading, rotateEvery: ${days}d, owner: "desk; a, b" }\n`;
const POLICY = `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1], schedule: { lead: 6d, registerWithin: 6d } }
keys:
`;
const run = (...args: string[]) => keyturn(args, { cwd: folder });
const calendar = async (...args: string[]) => {
  const shown = JSON.parse((await run('plan', '--horizon', '60d', '-o', 'json', ...args)).stdout);
  return OUTPUTS.calendar.parse(shown);
};
const crowded = ({ warnings }: Awaited<ReturnType<typeof calendar>>) =>
  warnings.filter(({ kind }) => kind === 'crowded');

async function intoService(): Promise<void> {
  await run('apply');
  const { tasks } = JSON.parse((await run('tasks', '-o', 'json')).stdout);
  for (const { key, label, publicKey } of tasks) {
    const fields = { label, publicKey, enableReading: 'on', enableSpotAndMarginTrading: 'on' };
    const answer = await fetch(`${sandbox.url}/en/my/settings/api-management/create`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ ...fields, ipRestrict: 'on', ipAllowlist: '127.0.0.1' }),
    });
    await run('register', key, ((await answer.json()) as { apiKey: string }).apiKey);
  }
  await run('apply');
}

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, stateFile: null });
  ({ folder, close } = await aFolder());
  await run('init', '--account', 'desk');
  await writeFile(join(folder, 'policies/desk.yaml'), POLICY + NAMES.map((name) => keyOf(name, 30)).join(''));
  await writeFile(
    join(folder, 'keyturn.yaml'),
    `apiVersion: keyturn/v1\nvenues: { exchange: { kind: binance, baseUrl: "${sandbox.url}" } }\n`,
  );
  await intoService();
});
afterAll(async () => {
  await sandbox.close();
  await close();
});

it('warns of six starts on one day, in text, Markdown and JSON', async () => {
  const shown = await calendar();
  expect(crowded(shown)[0]).toMatchObject({ owner: 'desk; a, b', keys: expect.toSatisfy((keys) => keys.length === 6) });
  expect(shown.suggestions).toBeUndefined();
  expect((await run('plan', '--horizon', '60d')).stdout).toMatch(
    /^\d+ events until[\s\S]*WHEN +OWNER +KEY +WHAT\n[\s\S]*\nwarning {2}desk; a, b is asked for 6 things on/,
  );
  const markdown = (await run('plan', '--horizon', '60d', '-o', 'markdown')).stdout;
  expect(markdown).toMatch(
    /\n## desk; a, b\n\n\| when \| key \| what \|\n[\s\S]*\n- \*\*warning\*\* desk; a, b is asked/,
  );
});

it('is iCalendar as another parser reads it, with what the JSON says', async () => {
  const { events } = await calendar();
  const { stdout, stderr } = await run('plan', '--horizon', '60d', '-o', 'ics');
  expect(stderr).toMatch(/warning: desk; a, b is asked for 6 things/);
  expect(stdout.split('\r\n').every((line) => !line.includes('\n') && Buffer.byteLength(line) <= 75)).toBe(true);
  const file = new ICAL.Component(ICAL.parse(stdout));
  expect(file.getFirstPropertyValue('version')).toBe('2.0');
  const read = file.getAllSubcomponents('vevent').map((each) => new ICAL.Event(each));
  expect(read.map(({ startDate, summary }) => `${startDate.toJSDate().toISOString().slice(0, 16)} ${summary}`)).toEqual(
    events.map(({ at, key, summary }) => `${at.slice(0, 16)} ${key}: ${summary}`),
  );
  expect(new Set(read.map(({ uid }) => uid)).size).toBe(events.length);
  expect(read.every(({ component }) => component.getFirstPropertyValue('categories') === 'desk; a, b')).toBe(true);
  expect(read.every(({ component }) => !component.hasProperty('dtend') && component.hasProperty('dtstamp'))).toBe(true);
});

it('suggests days that spread them; a policy with the intervals it names has no crowded day, and starts on those days', async () => {
  const before = await readFile(join(folder, 'policies/desk.yaml'), 'utf8');
  const { suggestions = [] } = await calendar('--suggest');
  expect(suggestions.length).toBeGreaterThanOrEqual(2);
  expect((await run('plan', '--suggest')).stdout).toMatch(/desk\/[a-f]: .* instead of .*: write rotateEvery: 3\dd\n/);
  expect(await readFile(join(folder, 'policies/desk.yaml'), 'utf8')).toBe(before);
  const daysOf = new Map(suggestions.map(({ key, days }) => [key, days]));
  const changed = NAMES.map((name) => keyOf(name, daysOf.get(`desk/${name}`) ?? 30)).join('');
  await writeFile(join(folder, 'policies/desk.yaml'), POLICY + changed);
  const after = await calendar();
  expect(crowded(after).filter(({ day }) => day <= (suggestions.at(-1)?.to ?? ''))).toEqual([]);
  for (const { key, to } of suggestions) {
    expect(after.events.find((event) => event.key === key && event.kind === 'rotation-starts')?.at).toBe(to);
  }
});

it('a horizon that is no duration, or beyond all planning, is wrong usage', async () => {
  expect((await run('plan', '--horizon', 'soon')).status).toBe(64);
  expect(await run('plan', '--horizon', '9999999w')).toMatchObject({ status: 64, stderr: /at most 9999d/ });
});
