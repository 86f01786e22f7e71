import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { OUTPUTS } from '../../src/outputs.ts';
import { aFolder, keyturn } from '../cli/keyturn.ts';

/** A person at a shell, with the built command, and a venue of their own. Nothing waits: no overlap, and probe groups at once. */
export interface Desk {
  folder: string;
  run(...args: string[]): ReturnType<typeof keyturn>;
  json(name: keyof typeof OUTPUTS, ...args: string[]): Promise<Record<string, never> & { status: number | null }>;
  /** One pass; `action outcome reason` of every step. */
  apply(): Promise<string[]>;
  /** The open task of that kind. */
  task(kind: 'register' | 'fix' | 'delete'): Promise<{ label: string; paste: string; apiKey: string }>;
  register(apiKey: string): Promise<void>;
  /** What `keyturn verify` says of a role. */
  verdict(role: 'current' | 'next' | 'previous'): Promise<{ verdict: string; reason: string; message: string }>;
  close(): Promise<void>;
}

export async function aDesk(key: string, files: { configuration: string; policy: string }): Promise<Desk> {
  const { folder, close } = await aFolder();
  const run = (...args: string[]) => keyturn(args, { cwd: folder });
  expect((await run('init', '--account', 'unused')).status).toBe(0);
  const hasten = (text: string) => text.replace('apart: 10m', 'apart: 0s').replace('overlap: 24h', 'overlap: 0s');
  await writeFile(join(folder, 'keyturn.yaml'), hasten(files.configuration));
  await writeFile(join(folder, 'policies/unused.yaml'), hasten(files.policy));
  const json: Desk['json'] = async (name, ...args) => {
    const { stdout, stderr, status } = await run(...args, '-o', 'json');
    if (stdout === '') throw new Error(stderr);
    const value = JSON.parse(stdout);
    OUTPUTS[name].parse(value);
    return { status, ...value };
  };
  type Step = { action: string; outcome: string; reason: string };
  const desk: Desk = {
    folder,
    run,
    json,
    async apply() {
      const { keys } = (await json('apply', 'apply')) as unknown as {
        keys: [{ actions: Step[]; error: string | null }];
      };
      expect(keys[0].error).toBeNull();
      return keys[0].actions.map(({ action, outcome, reason }) => `${action} ${outcome} ${reason}`);
    },
    async task(kind) {
      const { tasks } = (await json('tasks', 'task', key)) as unknown as {
        tasks: (Awaited<ReturnType<Desk['task']>> & { kind: string })[];
      };
      const found = tasks.find((each) => each.kind === kind);
      if (!found) throw new Error(`there is no task to ${kind}`);
      return found;
    },
    async register(apiKey) {
      const { status, stderr } = await run('register', key, apiKey);
      expect(stderr).toBe('');
      expect(status).toBe(0);
    },
    async verdict(role) {
      type Probed = Awaited<ReturnType<Desk['verdict']>> & { role: string };
      const { keys } = (await json('verify', 'verify', key)) as unknown as { keys: [{ probes: Probed[] }] };
      const found = keys[0].probes.find((each) => each.role === role);
      if (!found) throw new Error(`there is no ${role} key`);
      return found;
    },
    close,
  };
  return desk;
}
