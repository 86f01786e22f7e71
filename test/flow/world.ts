import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
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
import { openWorkspace, toolsFor, type Workspace } from '../../src/workspace.ts';

/** Everything real but time: the store, by default a directory in a temporary folder, the venue’s client over HTTP, the sandbox, a turned clock. */
export interface World {
  folder: string;
  workspace: Workspace;
  sandbox: Sandbox;
  person: Person;
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
  /** The next generation is current, registered by whoever is asked. What the last pass did. */
  turnsOver(): Promise<string[]>;
  /** The second generation is current, the overlap of the first one is over. */
  overlapped(): Promise<void>;
  rotate(request: Parameters<typeof requestRotation>[2]): Promise<void>;
  /** Posts one of the page’s forms. */
  post(action: 'create' | 'edit' | 'delete', fields: Record<string, string>): Promise<Response>;
  /** What the page lists, of an account where it has several. */
  listed(account?: string): Promise<PageKey[]>;
  /** Somebody makes an Ed25519 key on the page; its id and private half are in files for keyturn.yaml. Returns the id. */
  managedBy(file: string, fields: Record<string, string>): Promise<string>;
  /** A file for keyturn.yaml that only its owner reads. */
  keeps(file: string, text: string): Promise<void>;
  /** Somebody gives the key of the policy another name. */
  renames(name: string): Promise<void>;
  /** Somebody lets the policy name another store. */
  movesTo(store: string): Promise<void>;
  close(): Promise<void>;
}

/** Who does at the venue what tasks say. */
export type Person = Pick<ReturnType<typeof personAt>, 'register' | 'delete'>;

export interface PageKey {
  apiKey: string;
  label: string;
  ipRestrict: boolean;
  ipAllowlist: string[];
  [switchOrWord: string]: unknown;
}

export const KEY = 'desk/spot';

export interface Setting {
  /** The store of the policy. */
  store?: string;
  schedule?: string;
  key?: string;
  /** More options of the venue, each with a comma before it. */
  venue?: string;
  kind?: string;
  /** Another venue than the sandbox, as YAML, and who acts there. */
  service?: { venue: string; person: Person };
  purpose?: string;
  algorithm?: string;
  /** What else the person enters for every new key. */
  enters?: Record<string, string>;
  /** More of keyturn.yaml. */
  configuration?: string;
  /** When it begins; `now`: by the clock of this machine, which cannot be turned. */
  at?: string;
}

export async function aWorld({
  store = 'local',
  schedule = '{}',
  key = '',
  venue = '',
  kind = 'binance',
  service,
  purpose = 'spot-trading',
  algorithm = 'ed25519',
  enters = {},
  configuration = '',
  at = '2026-06-01T12:00:00Z',
}: Setting = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-flow-'));
  let offset = at === 'now' ? 0 : Date.parse(at) - Date.now();
  const clock = at === 'now' ? systemClock : { now: () => new Date(Date.now() + offset) };
  const turn = (to: number): void => {
    if (at === 'now') throw new Error('the clock of this machine is not turned');
    offset = to;
  };
  const sandbox = await startSandbox({ port: 0, stateFile: null, now: () => clock.now() });
  await createEmbeddedIdentities(join(folder, '.keyturn'));
  await mkdir(join(folder, 'policies'));
  const exchange = service?.venue ?? `{ kind: ${kind}, baseUrl: "${sandbox.url}"${venue} }`;
  await writeFile(
    join(folder, 'keyturn.yaml'),
    `apiVersion: keyturn/v1\nvenues: { exchange: ${exchange} }\n${configuration}`,
  );
  const policy = join(folder, 'policies', 'desk.yaml');
  await writeFile(
    policy,
    [
      'apiVersion: keyturn/v1',
      'account: desk',
      'venue: exchange',
      `store: ${store}`,
      `defaults: { algorithm: ${algorithm}, ipAllowlist: [127.0.0.1], schedule: ${schedule} }`,
      `keys: [{ name: spot, application: bot, purpose: ${purpose}, rotateEvery: 30d, owner: desk-a${key} }]`,
    ].join('\n'),
  );
  const opened = () =>
    openWorkspace({ config: join(folder, 'keyturn.yaml'), policies: join(folder, 'policies'), clock });
  let workspace = await opened();
  let policyKey = onlyKey(workspace);
  const capabilities = workspace.ports.sources.capabilities(policyKey.venue);
  const { page, switches } = capabilities;
  const person = service?.person ?? personAt(page, new Map(switches.map(({ label, field }) => [label, field])), enters);
  const dependencies = (): PassDependencies => ({
    sources: workspace.ports.sources,
    clock,
    act: async (gathered, action, generation) =>
      act(await toolsFor(workspace, gathered.key, 'test'), gathered.record, action, generation),
  });

  const edits = async (change: (text: string) => string): Promise<void> => {
    await writeFile(policy, change(await readFile(policy, 'utf8')));
    await workspace.ports.close();
    workspace = await opened();
    policyKey = onlyKey(workspace);
  };

  const world: World = {
    folder,
    get workspace() {
      return workspace;
    },
    sandbox,
    person,
    now: () => clock.now(),
    turnTo(instant) {
      turn(instant.getTime() - Date.now());
    },
    forward({ days = 0, hours = 0, minutes = 0 }) {
      turn(offset + ((days * 24 + hours) * 60 + minutes) * 60_000);
    },
    async report() {
      const [report] = await pass(dependencies(), await look(workspace.ports.sources, workspace.keys, clock.now()));
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
    async turnsOver() {
      await world.apply();
      if ((await world.tasks()).some(({ kind }) => kind === 'register')) await world.registers();
      return world.apply();
    },
    async overlapped() {
      await world.turnsOver();
      world.forward({ days: 29 });
      await world.turnsOver();
      world.forward({ hours: 25 });
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
    async listed(account) {
      const url = new URL(page);
      if (account !== undefined) url.searchParams.set('account', account);
      const answer = await fetch(url, { headers: { accept: 'application/json' } });
      return ((await answer.json()) as { keys: PageKey[] }).keys;
    },
    async managedBy(file, fields) {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const created = await world.post('create', { label: file, publicKey: pem, ipAllowlist: '127.0.0.1', ...fields });
      const { apiKey } = (await created.json()) as { apiKey: string };
      await world.keeps(`${file}.id`, apiKey);
      await world.keeps(`${file}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
      return apiKey;
    },
    keeps: (file, text) => writeFile(join(folder, file), `${text}\n`, { mode: 0o600 }),
    renames: (name) => edits((text) => text.replace(/name: \w+/, `name: ${name}`)),
    movesTo: (name) => edits((text) => text.replace(/store: \w+/, `store: ${name}`)),
    async close() {
      await workspace.ports.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}

function onlyKey({ keys: [key] }: Workspace) {
  if (!key) throw new Error('the policy has one key');
  return key;
}
