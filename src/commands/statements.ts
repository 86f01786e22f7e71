import { EXIT, type ExitStatus } from '../exit.ts';
import { recordToActOn } from '../gather.ts';
import { attest as attestGeneration } from '../steps/attest.ts';
import { rollback as bringBack } from '../steps/rollback.ts';
import { keyToActOn } from '../uncovered.ts';
import { actor, openWorkspace, toolsFor, type WorkspaceOptions } from '../workspace.ts';
import type { CommandIo } from './io.ts';
import { demandReason } from './rotate.ts';

export interface StatementOptions extends WorkspaceOptions {
  key: string;
  reason?: string | undefined;
  by?: string | undefined;
}

/** Moves consumers back to the previous generation while the overlap lasts. */
export async function rollback(options: StatementOptions, io: CommandIo): Promise<ExitStatus> {
  const reason = demandReason(options.reason, 'rollback');
  const workspace = await openWorkspace(options);
  const key = await keyToActOn(workspace, options.key);
  const tools = await toolsFor(workspace, key, actor(options.by));
  const { message } = await bringBack(tools, await recordToActOn(workspace.ports.sources, tools.store, key), reason);
  io.stdout.write(`${key.id}: ${message}; keyturn apply has the other one deleted after the overlap\n`);
  return EXIT.OK;
}

/** Closes a generation that cannot be proven dead, on somebody’s word. */
export async function attest(options: StatementOptions, io: CommandIo): Promise<ExitStatus> {
  const reason = demandReason(options.reason, 'attest');
  const workspace = await openWorkspace(options);
  const key = await keyToActOn(workspace, options.key);
  const store = await workspace.ports.store(key.store);
  const by = actor(options.by);
  const tools = { key, store, clock: workspace.clock, by };
  const generation = await attestGeneration(tools, await recordToActOn(workspace.ports.sources, store, key), reason);
  io.stdout.write(`generation ${generation} of ${key.id} is recorded as deleted on the word of ${by}, not as proven\n`);
  return EXIT.OK;
}
