import { randomUUID } from 'node:crypto';
import type { CommandIo } from './commands/io.ts';
import type { Logger } from './log.ts';
import { notify } from './notify.ts';
import { act } from './steps/act.ts';
import { type KeyReport, type Looked, look, type PassDependencies, type PassOptions, pass } from './tick.ts';
import { actor, toolsFor, type Workspace } from './workspace.ts';

/** One pass as everybody makes it, the command, the CronJob and the daemon: look, act, log, tell who should know, and hand on what came of it. */

export interface RunOptions {
  /** Stands on every line that is logged; by default a random one. */
  id?: string;
  /** Asked after the look: which keys are acted on, and how far. On null nothing is done. Default: all, as far as it goes. */
  choose?: (looked: Looked) => Promise<PassOptions | null>;
  /** Gets the reports of every finished pass, and how many seconds it took: for metrics. */
  onPass?: ((reports: readonly KeyReport[], seconds: number) => Promise<void> | void) | undefined;
}

export interface Run {
  looked: Looked;
  reports: KeyReport[];
}

/** What a pass may touch of its process. */
export type RunIo = Pick<CommandIo, 'log' | 'signal'> & { terminal: Pick<CommandIo['terminal'], 'progress'> };

/** Null where `choose` said so. */
export async function run(workspace: Workspace, io: RunIo, options: RunOptions = {}): Promise<Run | null> {
  const { id = randomUUID(), choose, onPass } = options;
  const looking = performance.now();
  const looked = await look(workspace.ports.sources, workspace.keys, workspace.clock.now());
  const lookedFor = performance.now() - looking;
  const chosen = choose ? await choose(looked) : {};
  if (chosen === null) return null;
  const log = (await io.log()).child({ run: id });
  const acting = performance.now();
  const reports = await pass(dependenciesOf(workspace, io, log), looked, chosen);
  const seconds = (lookedFor + performance.now() - acting) / 1000;
  io.terminal.progress(null);
  logEnd(log, reports, seconds, io.signal.aborted);
  await notify(workspace, reports, io);
  await onPass?.(reports, seconds);
  return { looked, reports };
}

export function dependenciesOf(
  workspace: Workspace,
  { signal, terminal }: Pick<RunIo, 'signal' | 'terminal'>,
  log: Logger,
): PassDependencies {
  const by = actor();
  return {
    sources: workspace.ports.sources,
    clock: workspace.clock,
    signal,
    act: async ({ key, record }, action, generation) => {
      terminal.progress(`${key.id}: ${action} generation ${generation}`);
      return act(await toolsFor(workspace, key, by), record, action, generation);
    },
    onStep: (key, { action, outcome, reason, message }) =>
      log[outcome === 'failed' ? 'error' : 'info']({ event: 'step', key, action, outcome, reason }, message),
  };
}

function logEnd(log: Logger, reports: readonly KeyReport[], seconds: number, isInterrupted: boolean): void {
  for (const { key, error, gathered, decision } of reports) {
    if (error) log.error({ event: 'key-failed', key, err: error }, error.message);
    else if (gathered.hold) log.error({ event: 'key-failed', key, reason: decision.reason }, decision.message);
  }
  const failed = reports.filter(hasFailed).length;
  const steps = reports.reduce((sum, { actions }) => sum + actions.length, 0);
  const [event, message] = isInterrupted
    ? ['pass-interrupted', 'the pass was interrupted; the next one goes on from here']
    : ['pass-finished', 'the pass is finished'];
  log.info({ event, keys: reports.length, steps, failed, seconds }, message);
}

/** Something about this key needs somebody’s attention: an error, a failed step, or a record it may not act on. */
export const hasFailed = ({ error, actions, gathered }: KeyReport): boolean =>
  error !== null || gathered.hold !== null || actions.some(({ outcome }) => outcome === 'failed');
