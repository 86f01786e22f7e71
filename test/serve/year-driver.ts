import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTask } from 'node-cron';
import pc from 'picocolors';
import type { CommandIo } from '../../src/commands/io.ts';
import { recordKeyId } from '../../src/commands/register.ts';
import { serve } from '../../src/commands/serve.ts';
import { tasksOf } from '../../src/core/tasks.ts';
import { personAt } from '../../src/demo/person.ts';
import { gather } from '../../src/gather.ts';
import { createLogger } from '../../src/log.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { SetAlarm } from '../../src/serve/alarm.ts';
import { openWorkspace, type Workspace } from '../../src/workspace.ts';

/**
 * The daemon as it lives through the rest of a year, until it is killed: the program of year.test.ts. Its clock stands still while
 * it works and is turned to the next instant that node-cron would have woken it at. Before it is woken, people do what they are asked.
 */
const [folder = '', from = '', until = ''] = process.argv.slice(2);

let now = Date.parse(from);
const clock = { now: () => new Date(now) };
const sandbox = await startSandbox({ port: 0, stateFile: join(folder, 'sandbox.json'), now: clock.now });
writeFileSync(
  join(folder, 'keyturn.yaml'),
  `apiVersion: keyturn/v1
venues: { exchange: { kind: binance, baseUrl: "${sandbox.url}" } }
serve: { schedule: "30 0-3,15,18 * * *", timeZone: Europe/London, listen: "127.0.0.1:0" }
`,
);
const options = { config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies'), clock };
const people = await openWorkspace(options);
const end = new AbortController();

const atWork = () => appendFileSync(join(folder, 'at-work'), `${clock.now().toISOString()}\n`);
atWork();

const turnedAlarm: SetAlarm = ({ schedule, timeZone }, ring) => {
  const cron = createTask(schedule, () => undefined, { timezone: timeZone });
  void (async () => {
    for (await ring(); now < Date.parse(until); await ring()) {
      do now = Math.floor(now / HALF_AN_HOUR + 1) * HALF_AN_HOUR;
      while (!cron.match(new Date(now)));
      atWork();
      await everybodyDoesTheirTasks(people);
    }
    end.abort();
  })();
  return { untilRung: (times) => times * 24 * HALF_AN_HOUR, stop: () => undefined };
};
const HALF_AN_HOUR = 1_800_000;

const page = `${sandbox.url}/en/my/settings/api-management`;

/** They look what is there first: they, too, may have been interrupted. */
async function everybodyDoesTheirTasks(workspace: Workspace): Promise<void> {
  for (const key of workspace.keys) {
    const { record, capabilities } = await gather(workspace.ports.sources, key, clock.now());
    const person = personAt(page, new Map(capabilities.switches.map(({ label, field }) => [label, field])));
    for (const task of record ? tasksOf(key, record, capabilities, clock.now()) : []) {
      const there = (await listed()).find(({ fingerprint }) => fingerprint === task.fingerprint);
      if (task.kind === 'register')
        await recordKeyId(workspace, key, there?.apiKey ?? (await person.register(task)), { by: 'person' });
      if (task.kind === 'delete' && there) await person.delete(task);
    }
  }
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
