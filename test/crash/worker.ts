import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { recordKeyId } from '../../src/commands/register.ts';
import type { Action } from '../../src/core/decide.ts';
import type { KeyRecord } from '../../src/core/record.ts';
import { explain, isKeyturnError } from '../../src/errors.ts';
import type { Store } from '../../src/ports/store.ts';
import { act } from '../../src/steps/act.ts';
import { carryOver } from '../../src/steps/carry-over.ts';
import { requestRotation } from '../../src/steps/request-rotation.ts';
import { look, type PassDependencies, pass } from '../../src/tick.ts';
import { openWorkspace, toolsFor, type Workspace } from '../../src/workspace.ts';
import { fileClock } from './clock.ts';
import type { Answer, Order } from './orders.ts';
import { operationsPassed, stopAt, withStops } from './stops.ts';

/**
 * A worker that can be told where to die: the program of the crash tests. It is keyturn itself (policies, pass, steps,
 * directory store, Binance over HTTP); only around the ports, and in the place of node:fs/promises in the store, there are
 * moments at which it ends itself by SIGKILL. Reads one order a line, answers with one line.
 */

const [folder = ''] = process.argv.slice(2);
const clock = fileClock(join(folder, 'clock'));
const workspace = mortal(
  await openWorkspace({ config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies'), clock }),
);
/** What the venue is asked for. */
let inHand: Action | 'nothing' = 'nothing';

for await (const line of createInterface(process.stdin)) {
  const { stop, ...order } = JSON.parse(line) as Order;
  stopAt(stop ?? null);
  process.stdout.write(`${JSON.stringify(await obey(order))}\n`);
}

async function obey(order: Order): Promise<Answer> {
  try {
    const done = order.order === 'pass' ? await onePass() : await personsCommand(order);
    return { ...done, operations: operationsPassed() };
  } catch (error) {
    if (isKeyturnError(error)) return { actions: [], error: explain(error), operations: operationsPassed() };
    return { actions: [], bug: error instanceof Error ? `${error.stack}` : typeof error, operations: 0 };
  }
}

async function onePass(): Promise<Answer> {
  const { sources } = workspace.ports;
  const dependencies: PassDependencies = {
    sources,
    clock,
    act: async ({ key, record }, action, generation) => {
      inHand = action;
      return act(await toolsFor(workspace, key, `worker ${process.pid}`), record, action, generation);
    },
  };
  const [report] = await pass(dependencies, await look(sources, workspace.keys, clock.now()));
  if (!report) throw new Error('the policy has one key');
  const { actions, error, decision } = report;
  return {
    actions: actions.map(({ action, outcome, reason }) => `${action} ${outcome} ${reason}`),
    ...(error ? { error: explain(error), conflict: error.code === 'conflict' } : {}),
    waits: decision.reason,
  };
}

/** `keyturn register`, `keyturn rotate` and `keyturn adopt --from` are processes, too, and end like any other. */
async function personsCommand(order: Exclude<Order, { order: 'pass' }>): Promise<Answer> {
  const [key] = workspace.keys;
  if (!key) throw new Error('the policy has one key');
  if (order.order === 'register')
    return { actions: [await recordKeyId(workspace, key, order.apiKey, { by: 'person' })] };
  const tools = await toolsFor(workspace, key, 'person');
  if (order.order === 'carry-over') return { actions: [await carryOver(tools, order.from)] };
  const { record } = (await look(workspace.ports.sources, [key], clock.now())).gathered[0] ?? {};
  await requestRotation(tools, record ?? null, {
    reason: 'drill',
    compromised: order.compromised,
  });
  return { actions: ['requested'] };
}

function mortal(whole: Workspace): Workspace {
  const { ports } = whole;
  return {
    ...whole,
    ports: {
      ...ports,
      store: async (name) => mortalStore(await ports.store(name)),
      materialStore: async (key) => mortalStore(await ports.materialStore(key)),
      venue: async (name) => withStops(await ports.venue(name), (method) => `${inHand} ${method}`),
    },
  };
}

function mortalStore(store: Store): Store {
  return withStops(store, async (method, [key, text]) => {
    if (method !== 'writeRecord') return method;
    const before = await store.readRecord(String(key));
    return `record ${changeOf(before && JSON.parse(before.text), JSON.parse(String(text)))}`;
  });
}

/** What a write of the record says that the one before did not: a claim, or the newest event in the evidence. */
function changeOf(before: KeyRecord | null, after: KeyRecord): string {
  if (after.arrivesFrom) return 'arriving';
  if (after.movedTo) return 'leaving';
  if (before?.arrivesFrom) return 'carried-over';
  if (after.claim) return `claim ${after.intent?.action}`;
  if (after.history.at(-1)?.generation !== before?.history.at(-1)?.generation) return 'destroyed';
  const known = new Map(before?.generations.map(({ generation, evidence }) => [generation, evidence.length]));
  const added = after.generations.flatMap(({ generation, evidence }) => evidence.slice(known.get(generation) ?? 0));
  const newest = added.at(-1);
  if (newest === undefined) return 'released';
  return newest.event === 'probed' ? `probed ${String(newest.detail.reason)}` : newest.event;
}
