import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordKeyId } from '../../src/commands/register.ts';
import type { KeyRecord } from '../../src/core/record.ts';
import { type KeyStatus, statusOf } from '../../src/core/status.ts';
import { type Task, tasksOf } from '../../src/core/tasks.ts';
import { personAt } from '../../src/demo/person.ts';
import { gather } from '../../src/gather.ts';
import { readRecord } from '../../src/records.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { act } from '../../src/steps/act.ts';
import { requestRotation } from '../../src/steps/request-rotation.ts';
import { type KeyReport, look, type PassDependencies, pass } from '../../src/tick.ts';
import { createEmbeddedIdentities } from '../../src/wire.ts';
import { keyNamed, openWorkspace, toolsFor, type Workspace } from '../../src/workspace.ts';

/** Everything real but time: the directory store in a temporary folder, the venue’s client over HTTP, the sandbox, a turned clock. */
export interface World {
  folder: string;
  workspace: Workspace;
  sandbox: Sandbox;
  person: ReturnType<typeof personAt>;
  now(): Date;
  turnTo(instant: Date): void;
  forward(time: { days?: number; hours?: number; minutes?: number }): void;
  /** One pass; returns `action outcome reason` of every step, and the reason for which the key then waits. */
  apply(): Promise<string[]>;
  report(): Promise<KeyReport>;
  record(): Promise<KeyRecord>;
  status(): Promise<KeyStatus>;
  tasks(): Promise<Task[]>;
  /** The person does what the open registration task says, and hands the id in. */
  registers(changes?: Partial<Task>): Promise<string>;
  handsIn(apiKey: string): Promise<void>;
  deletes(): Promise<void>;
  rotate(request: Parameters<typeof requestRotation>[2]): Promise<void>;
  /** Posts one of the page’s forms. */
  post(action: 'create' | 'edit' | 'delete', fields: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export const KEY = 'desk/spot';

export interface Setting {
  schedule?: string;
  key?: string;
  /** More options of the venue, each with a comma before it. */
  venue?: string;
  kind?: string;
  purpose?: string;
  algorithm?: string;
  /** What else the person enters for every new key. */
  enters?: Record<string, string>;
  /** More of keyturn.yaml. */
  configuration?: string;
  at?: string;
}

export async function aWorld({
  schedule = '{}',
  key = '',
  venue = '',
  kind = 'binance',
  purpose = 'spot-trading',
  algorithm = 'ed25519',
  enters = {},
  configuration = '',
  at = '2026-06-01T12:00:00Z',
}: Setting = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-flow-'));
  let offset = Date.parse(at) - Date.now();
  const clock = { now: () => new Date(Date.now() + offset) };
  const sandbox = await startSandbox({ port: 0, stateFile: null, now: () => clock.now() });
  await createEmbeddedIdentities(join(folder, '.keyturn'));
  await mkdir(join(folder, 'policies'));
  await writeFile(
    join(folder, 'keyturn.yaml'),
    `apiVersion: keyturn/v1\nvenues: { exchange: { kind: ${kind}, baseUrl: "${sandbox.url}"${venue} } }\n${configuration}`,
  );
  await writeFile(
    join(folder, 'policies', 'desk.yaml'),
    [
      'apiVersion: keyturn/v1',
      'account: desk',
      'venue: exchange',
      `defaults: { algorithm: ${algorithm}, ipAllowlist: [127.0.0.1], schedule: ${schedule} }`,
      `keys: [{ name: spot, application: bot, purpose: ${purpose}, rotateEvery: 30d, owner: desk-a${key} }]`,
    ].join('\n'),
  );
  const workspace = await openWorkspace({
    config: join(folder, 'keyturn.yaml'),
    policies: join(folder, 'policies'),
    clock,
  });
  const policyKey = keyNamed(workspace.keys, KEY);
  const capabilities = workspace.ports.sources.capabilities(policyKey.venue);
  const { page, switches } = capabilities;
  const person = personAt(page, new Map(switches.map(({ label, field }) => [label, field])), enters);
  const dependencies: PassDependencies = {
    sources: workspace.ports.sources,
    clock,
    act: async (gathered, action, generation) =>
      act(await toolsFor(workspace, gathered.key, 'test'), gathered.record, action, generation),
  };

  const world: World = {
    folder,
    workspace,
    sandbox,
    person,
    now: clock.now,
    turnTo(instant) {
      offset = instant.getTime() - Date.now();
    },
    forward({ days = 0, hours = 0, minutes = 0 }) {
      offset += ((days * 24 + hours) * 60 + minutes) * 60_000;
    },
    async report() {
      const [report] = await pass(dependencies, await look(workspace.ports.sources, workspace.keys, clock.now()));
      if (!report) throw new Error('the policy has one key');
      return report;
    },
    async apply() {
      const { actions, error, decision } = await world.report();
      if (error) throw error;
      return [...actions.map(({ action, outcome, reason }) => `${action} ${outcome} ${reason}`), decision.reason];
    },
    async record() {
      const record = await readRecord(await workspace.ports.sources.reader(policyKey.store), policyKey.storedAs);
      if (!record) throw new Error('there is no record yet');
      return record;
    },
    async status() {
      const { record } = await gather(workspace.ports.sources, policyKey, clock.now());
      return statusOf(policyKey, record, capabilities, clock.now());
    },
    async tasks() {
      return tasksOf(policyKey, await world.record(), capabilities, clock.now());
    },
    async registers(changes = {}) {
      const task = (await world.tasks()).find(({ kind }) => kind === 'register');
      if (!task) throw new Error('no registration is asked for');
      const apiKey = await person.register({ ...task, ...changes });
      await world.handsIn(apiKey);
      return apiKey;
    },
    handsIn: async (apiKey) => void (await recordKeyId(workspace, policyKey, apiKey)),
    async deletes() {
      const task = (await world.tasks()).find(({ kind }) => kind === 'delete');
      if (!task) throw new Error('no deletion is asked for');
      await person.delete(task);
    },
    async rotate(request) {
      const tools = await toolsFor(workspace, policyKey, 'test');
      await requestRotation(tools, await world.record(), request);
    },
    post(action, fields) {
      const form = new URL(page);
      form.pathname += `/${action}`;
      return fetch(form, {
        method: 'POST',
        headers: { accept: 'application/json' },
        body: new URLSearchParams(fields),
      });
    },
    async close() {
      await workspace.ports.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}
