import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandIo } from '../commands/io.ts';
import { recordKeyId } from '../commands/register.ts';
import { minute } from '../core/instant.ts';
import { maskApiKey } from '../core/record.ts';
import { statusOf } from '../core/status.ts';
import { type Task, tasksOf } from '../core/tasks.ts';
import { KeyturnError } from '../errors.ts';
import { gather } from '../gather.ts';
import { dependenciesOf } from '../run.ts';
import { startSandbox } from '../sandbox/server.ts';
import { look, pass } from '../tick.ts';
import { createEmbeddedIdentities } from '../wire.ts';
import { keyNamed, openWorkspace, type Workspace } from '../workspace.ts';
import { personAt } from './person.ts';

/**
 * A whole life of a key, with the real store, the real venue client, a real HTTP server and real keys. Only two things are
 * not real: the exchange is the sandbox, and the clock is turned forward instead of waited for.
 */

const KEY = 'demo/market-maker-spot';

const policy = `apiVersion: keyturn/v1
account: demo
venue: demo-exchange
defaults: { ipAllowlist: [127.0.0.1] }
keys:
  - { name: market-maker-spot, application: market-maker, purpose: spot-trading, rotateEvery: 30d, owner: trading-desk }
`;

const configuration = (url: string): string => `apiVersion: keyturn/v1
venues:
  demo-exchange: { kind: binance, baseUrl: "${url}" }
`;

export async function tellStory(io: CommandIo): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-demo-'));
  const clock = turningClock();
  const sandbox = await startSandbox({ port: 0, stateFile: null, now: () => clock.now() });
  try {
    await createEmbeddedIdentities(join(folder, '.keyturn'));
    await writeFile(join(folder, 'policy.yaml'), policy);
    await writeFile(join(folder, 'keyturn.yaml'), configuration(sandbox.url));
    const workspace = await openWorkspace({
      config: join(folder, 'keyturn.yaml'),
      policies: join(folder, 'policy.yaml'),
      clock,
    });
    await live(workspace, `${sandbox.url}/en/my/settings/api-management`, clock, io);
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function live(
  workspace: Workspace,
  page: string,
  clock: ReturnType<typeof turningClock>,
  io: CommandIo,
): Promise<void> {
  const { paint } = io.terminal;
  const say = (text: string) => io.stdout.write(`${text}\n`);
  const chapter = (title: string) => say(`\n${paint.bold(title)}  ${paint.dim(minute(clock.now()))}`);
  const key = keyNamed(workspace.keys, KEY);
  const { switches } = workspace.ports.sources.capabilities(key.venue);
  const person = personAt(page, new Map(switches.map(({ label, field }) => [label, field])));

  const dependencies = { ...dependenciesOf(workspace, io, await io.log()), onStep: () => undefined };
  const apply = async () => {
    const looked = await look(workspace.ports.sources, workspace.keys, clock.now());
    const [report] = await pass(dependencies, looked);
    io.terminal.progress(null);
    if (io.signal.aborted) throw new KeyturnError('refused', 'the demo was interrupted; nothing of it is left');
    if (report?.error) throw report.error;
    for (const { action, message } of report?.actions ?? []) say(`  ${paint.green(action.padEnd(8))} ${message}`);
    if (report?.decision.action === null) say(`  ${paint.dim(`waits    ${report.decision.message}`)}`);
  };
  const openTask = async (): Promise<Task> => {
    const { record, capabilities } = await gather(workspace.ports.sources, key, clock.now());
    const [task] = record ? tasksOf(key, record, capabilities, clock.now()) : [];
    if (!task) throw new Error('the demo expects an open task');
    return task;
  };
  const registers = async () => {
    const task = await openTask();
    const apiKey = await person.register(task);
    say(
      `  ${paint.cyan('person')}   creates “${task.label}” on the exchange’s page with exactly: ${task.switches.on.join(', ')}; only from ${task.ipAllowlist.join(', ')}`,
    );
    await recordKeyId(workspace, key, apiKey, { by: 'demo' });
    say(`  ${paint.cyan('person')}   keyturn register ${KEY} ${maskApiKey(apiKey)}`);
  };
  const deletes = async () => {
    const task = await openTask();
    await person.delete(task);
    say(`  ${paint.cyan('person')}   deletes “${task.label}” on the exchange’s page, and says nothing to keyturn`);
  };

  say('A policy names one key, to be rotated every 30 days. The exchange is a simulator on this machine;');
  say('store, keys, signatures and HTTP are real. The clock is turned forward.');

  chapter('Day 0: the first pair');
  await apply();
  await registers();
  await apply();

  clock.forward({ days: 29 });
  chapter('Day 29: due tomorrow, so a fresh pair is made and registered');
  await apply();
  await registers();
  await apply();

  clock.forward({ days: 1, minutes: 1 });
  chapter('Day 30: applications have moved over, the old key has to go');
  await apply();

  clock.forward({ days: 3 });
  chapter('Day 33: nobody has deleted it, and keyturn noticed');
  await apply();
  const late = await gather(workspace.ports.sources, key, clock.now());
  say(
    `  ${paint.red(statusOf(key, late.record, late.capabilities, clock.now()).overdue ? 'overdue' : 'in time')}  keyturn status --check would exit with 3`,
  );
  await deletes();
  await apply();

  clock.forward({ minutes: 11 });
  chapter('Ten minutes later: the proof is complete');
  await apply();

  const { record } = await gather(workspace.ports.sources, key, clock.now());
  const [finished] = record?.history ?? [];
  say(
    `\n${paint.bold('What is left')}: current is generation ${record?.current}; generation ${finished?.generation} was proven dead ${minute(new Date(finished?.provenDead ?? 0))}, its private half is erased, and its evidence is sealed (SHA-256 ${finished?.evidence.slice(0, 16)}…).`,
  );
  say('Your turn: keyturn init');
}

/** Runs like a real clock, and can be turned forward. */
function turningClock() {
  let offset = 0;
  return {
    now: () => new Date(Date.now() + offset),
    forward({ days = 0, minutes = 0 }: { days?: number; minutes?: number }) {
      offset += (days * 1440 + minutes) * 60_000;
    },
  };
}
