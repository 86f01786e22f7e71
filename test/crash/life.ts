import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Decision } from '../../src/core/decide.ts';
import type { KeyRecord } from '../../src/core/record.ts';
import { type Task, tasksOf } from '../../src/core/tasks.ts';
import type { Store } from '../../src/ports/store.ts';
import { look } from '../../src/tick.ts';
import { createEmbeddedIdentities } from '../../src/wire.ts';
import { openWorkspace } from '../../src/workspace.ts';
import { anApplication } from './application.ts';
import { fileClock, turnFileClock } from './clock.ts';
import { expectRotated } from './invariants.ts';
import type { Answer, Order } from './orders.ts';
import { aPerson, type Person } from './person.ts';
import { aWorker, startedSandbox, type Worker } from './processes.ts';

/** The life of one key among workers that are killed, a person, an application, and an exchange; all but time is real. */

const PAGE = '/en/my/settings/api-management';
/** More rounds than any rotation takes, however often its workers die. */
const MANY_ROUNDS = 400;

export interface Setting {
  programs: string;
  workers: number;
}

/** How an order is given: with a place to die at, or without. */
export type Give = (worker: Worker, order: Order) => Promise<Answer | null>;

export interface Rotation {
  compromised?: boolean;
  give: Give;
}

export interface Look {
  decision: Decision;
  record: KeyRecord | null;
  tasks: Task[];
}

export interface Life {
  folder: string;
  workers: Worker[];
  store: Store;
  person: Person;
  look(): Promise<Look>;
  /** A whole rotation, from rest to rest, and everything that must hold then. */
  rotate(rotation: Rotation): Promise<void>;
  /** Key ids and public keys at the venue. */
  atVenue(): Promise<{ apiKey: string; publicKey: string }[]>;
  close(): Promise<void>;
}

const POLICY = `apiVersion: keyturn/v1
account: desk
venue: exchange
defaults: { algorithm: ed25519, ipAllowlist: [127.0.0.1] }
keys: [{ name: spot, application: bot, purpose: spot-trading, rotateEvery: 30d, owner: desk-a }]
`;

/** Begins with generation 1 as current, and an application that uses it. */
export async function aLife({ programs, workers: count }: Setting): Promise<Life> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-life-'));
  const clockFile = join(folder, 'clock');
  turnFileClock(clockFile, new Date('2026-06-01T12:00:00Z'));
  const clock = fileClock(clockFile);
  const sandbox = await startedSandbox(folder);
  await createEmbeddedIdentities(join(folder, '.keyturn'));
  await mkdir(join(folder, 'policies'));
  await writeFile(join(folder, 'policies/desk.yaml'), POLICY);
  const venue = `{ kind: binance, baseUrl: "${sandbox.url}" }`;
  await writeFile(join(folder, 'keyturn.yaml'), `apiVersion: keyturn/v1\nvenues: { exchange: ${venue} }\n`);
  const workspace = await openWorkspace({
    config: join(folder, 'keyturn.yaml'),
    policies: join(folder, 'policies'),
    clock,
  });
  const { sources } = workspace.ports;
  const [key] = workspace.keys;
  if (!key) throw new Error('the policy has one key');
  const store = await workspace.ports.store(key.store);
  const capabilities = sources.capabilities(key.venue);
  const workers = Array.from({ length: count }, () => aWorker(programs, folder));
  const desk = aWorker(programs, folder);
  const person = aPerson(`${sandbox.url}${PAGE}`, capabilities, { store, desk });
  let application: ReturnType<typeof anApplication> | null = null;

  const life: Life = {
    folder,
    workers,
    store,
    person,

    async look() {
      const now = clock.now();
      const { plan, gathered } = await look(sources, [key], now);
      const [decision] = plan.keys;
      const record = gathered[0]?.record ?? null;
      if (!decision) throw new Error('the policy has one key');
      return { decision, record, tasks: record === null ? [] : tasksOf(key, record, capabilities, now) };
    },

    async rotate({ compromised = false, give }) {
      const before = (await life.look()).record;
      if (compromised) await untilDone(give, desk, { order: 'rotate', compromised: 'current' });
      else await forwardTo((await life.look()).decision.notBefore);
      if (application) application.mayBeRefused = compromised;
      await untilRest(give);
      await expectRotated(life, before, { compromised, overlapSeconds: key.schedule.overlap });
      if (application) application.mayBeRefused = false;
      await application?.round();
    },

    async atVenue() {
      const answer = await fetch(`${sandbox.url}${PAGE}`, { headers: { accept: 'application/json' } });
      return ((await answer.json()) as { keys: { apiKey: string; publicKey: string }[] }).keys;
    },

    async close() {
      await Promise.all([...workers, desk, ...(application ? [application] : []), sandbox].map((each) => each.end()));
      const outputs = [...workers, desk].map((each) => each.outputs()).join('\n');
      assert.doesNotMatch(outputs, /PRIVATE KEY|AGE-SECRET-KEY/);
      await rm(folder, { recursive: true, force: true });
    },
  };

  /** Passes of all workers at once, and what people and time add to them, until nothing is left to do. */
  async function untilRest(give: Give): Promise<void> {
    for (let round = 0; round < MANY_ROUNDS; round += 1) {
      const answers = await Promise.all(workers.map((worker) => give(worker, { order: 'pass' })));
      for (const answer of answers) if (answer) assertExpected(answer, count);
      if (await peopleAndTime(give)) return;
    }
    throw new Error(`it does not come to rest: ${JSON.stringify((await life.look()).decision)}`);
  }

  /** True when the key is at rest. */
  async function peopleAndTime(give: Give): Promise<boolean> {
    const { decision, tasks } = await life.look();
    for (const task of tasks) await person.does(task, give);
    if (tasks.length > 0 && decision.reason !== 'claimed' && decision.reason !== 'proof-waits') return false;
    if (decision.reason === 'not-due') return true;
    // A day is time enough for an application to read its key once more.
    if (decision.reason === 'overlap') await application?.round();
    await forwardTo(decision.notBefore);
    return false;
  }

  async function forwardTo(instant: Date | null): Promise<void> {
    if (instant !== null && instant > clock.now()) await turnClocks(new Date(instant.getTime() + 1000));
  }

  async function turnClocks(to: Date): Promise<void> {
    const at = new URLSearchParams({ at: to.toISOString() });
    await fetch(`${sandbox.url}/sandbox/clock`, { method: 'POST', body: at });
    turnFileClock(clockFile, to);
  }

  try {
    await turnClocks(clock.now());
    await untilRest(unharmed);
    application = anApplication(programs, folder, sandbox.url);
    await application.round();
    return life;
  } catch (error) {
    await life.close();
    throw error;
  }
}

/** Nobody dies. */
export const unharmed: Give = (worker, order) => worker.ask(order);

/** What a person was interrupted in is done again. */
async function untilDone(give: Give, worker: Worker, order: Order): Promise<void> {
  for (let tries = 0; tries < MANY_ROUNDS; tries += 1) if (await give(worker, order)) return;
}

function assertExpected({ bug, error, conflict }: Answer, workers: number): void {
  assert.equal(bug, undefined);
  if (error !== undefined && !(conflict && workers > 1)) assert.fail(error);
}
