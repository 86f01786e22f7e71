import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTask } from 'node-cron';
import pc from 'picocolors';
import type { CommandIo } from '../../src/commands/io.ts';
import { recordKeyId } from '../../src/commands/register.ts';
import { serve } from '../../src/commands/serve.ts';
import { later } from '../../src/core/instant.ts';
import { spread } from '../../src/core/schedule.ts';
import { type Task, tasksOf } from '../../src/core/tasks.ts';
import { personAt } from '../../src/demo/person.ts';
import { gather } from '../../src/gather.ts';
import { createLogger } from '../../src/log.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { SetAlarm } from '../../src/serve/alarm.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';
import { stopAt } from '../crash/stops.ts';
import { WRITTEN_CHANNELS } from './channels.ts';
import { HOURS_FOR_PEOPLE, UNTIL } from './desks.ts';

/**
 * The daemon as it lives through the rest of a year, until it is killed or has passed a number of the moments of stops.ts. Its
 * clock stands still while it works and is turned to the next instant that node-cron would have woken it at. Before it is
 * woken, people do what they were asked, when they come to it.
 */
export interface Life {
  folder: string;
  /** When it starts. */
  from: string;
  /** Decides how long people take. */
  seed: number;
  /** The moment it kills itself at; null: never. */
  moment: number | null;
}

const HALF_AN_HOUR = 1_800_000;

const { folder, from, seed, moment } = JSON.parse(process.argv[2] ?? '') as Life;
stopAt(moment === null ? null : { operation: moment });

let now = Date.parse(from);
const clock = { now: () => new Date(now) };
const sandbox = await startSandbox({ port: 0, stateFile: join(folder, 'sandbox.json'), now: clock.now });
writeFileSync(
  join(folder, 'keyturn.yaml'),
  `apiVersion: keyturn/v1
venues: { exchange: { kind: binance, baseUrl: "${sandbox.url}" } }
serve: { schedule: "30 0-3,15,18 * * *", timeZone: Europe/London, listen: "127.0.0.1:0" }
${WRITTEN_CHANNELS}`,
);
const options = { config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies'), clock };
const people = await openWorkspace(options);
const end = new AbortController();

/** What it did last and when, for whoever looks after it. */
const note = (what: 'woken' | 'began' | 'ended') =>
  appendFileSync(join(folder, 'diary'), `${what} ${clock.now().toISOString()}\n`);

const turnedAlarm: SetAlarm = ({ schedule, timeZone }, ring) => {
  const cron = createTask(schedule, () => undefined, { timezone: timeZone });
  const onePass = async () => {
    note('began');
    await ring();
    note('ended');
  };
  void (async () => {
    for (await onePass(); now < Date.parse(UNTIL); await onePass()) {
      do now = Math.floor(now / HALF_AN_HOUR + 1) * HALF_AN_HOUR;
      while (!cron.match(new Date(now)));
      note('woken');
      await everybodyDoesTheirTasks(people);
    }
    end.abort();
  })();
  return { untilRung: (times) => times * 24 * HALF_AN_HOUR, stop: () => undefined };
};

const page = `${sandbox.url}/en/my/settings/api-management`;

/** They look what is there first: they, too, may have been interrupted. */
async function everybodyDoesTheirTasks(workspace: Workspace): Promise<void> {
  for (const key of workspace.keys) {
    const { record, capabilities } = await gather(workspace.ports.sources, key, clock.now());
    const person = personAt(page, new Map(capabilities.switches.map(({ label, field }) => [label, field])));
    const tasks = record ? tasksOf(key, record, capabilities, clock.now()) : [];
    for (const task of tasks.filter((each) => clock.now() >= doneAt(each))) {
      const there = (await listed()).find(({ fingerprint }) => fingerprint === task.fingerprint);
      if (task.kind === 'register')
        await recordKeyId(workspace, key, there?.apiKey ?? (await person.register(task)), { by: 'person' });
      if (task.kind === 'delete' && there) await person.delete(task);
    }
  }
}

function doneAt({ key, kind, generation, openedAt }: Task): Date {
  const hours = HOURS_FOR_PEOPLE[spread(`${seed} ${key} ${kind} ${generation}`, HOURS_FOR_PEOPLE.length)] ?? 0;
  return later(openedAt.toISOString(), hours * 3600);
}

async function listed(): Promise<{ apiKey: string; fingerprint: string }[]> {
  const response = await fetch(page, { headers: { accept: 'application/json' } });
  return ((await response.json()) as { keys: { apiKey: string; fingerprint: string }[] }).keys;
}

const io: CommandIo = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  terminal: { interactive: false, width: null, paint: pc.createColors(false), progress() {}, copy: () => false },
  log: async () => createLogger({ level: 'error', stream: process.stderr, paint: null }),
  env: {},
  signal: end.signal,
  onHangup() {},
};
await serve(options, io, turnedAlarm);
await sandbox.close();
