import type { Decision } from '../core/decide.ts';
import { type Key, storesOf } from '../core/policy.ts';
import { inAccountsOf, keysOfShard, type Shard } from '../core/shard.ts';
import { isKeyturnError, KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { replaceFile } from '../replace-file.ts';
import { type RunOptions, run } from '../run.ts';
import type { KeyReport } from '../tick.ts';
import { openWorkspace, type Workspace, type WorkspaceOptions } from '../workspace.ts';
import { askForKeyIds } from './ask.ts';
import { announceInterruption, statusAfterInterruption } from './interruption.ts';
import { type CommandIo, confirm, printJson } from './io.ts';
import { planText } from './plan.ts';
import { exitOf, reportJson, reportText, summaryOf } from './report.ts';
import { assertUnchanged, keysWithoutPlan, planToFollow, type SavedPlanOptions } from './saved-plan.ts';

export interface ApplyOptions extends WorkspaceOptions, SavedPlanOptions {
  output: 'text' | 'json';
  yes?: boolean | undefined;
  shard?: string | undefined;
  /** Where metrics of this pass go, for the textfile collector of node_exporter. */
  metricsFile?: string | undefined;
}

/** One pass over every key: does what `plan` shows, and what follows from it, until each key waits. */
export async function apply(options: ApplyOptions, io: CommandIo): Promise<ExitStatus> {
  const metrics = options.metricsFile === undefined ? null : (await import('../metrics.ts')).createMetrics();
  const whole = await openWorkspace({ ...options, onRequest: metrics?.onRequest });
  const saved = await planToFollow(options, whole, io);
  const ours = options.shard === undefined ? null : keysOfShard(whole.keys, parseShard(options.shard));
  // A saved plan is compared with all of what it was made of.
  const workspace = ours && !saved ? { ...whole, keys: inAccountsOf(whole.keys, ours) } : whole;
  const onPass: RunOptions['onPass'] = (reports, seconds) =>
    metrics?.passFinished(reports, { at: workspace.clock.now(), seconds });
  const done = await run(workspace, io, {
    onPass,
    async choose(looked) {
      if (saved) assertUnchanged(saved, looked);
      const isAllowed = saved ? () => true : keysWithoutPlan(options, workspace, looked);
      const includes = ({ key }: Decision) => (ours?.has(key) ?? true) && isAllowed(key);
      const closed = await openStores(workspace, looked.plan.keys.filter(includes));
      if (!(await isWanted(options, looked.plan, io))) return null;
      announceInterruption(io);
      const obstacle = (key: Key) => storesOf(key).flatMap((store) => closed.get(store) ?? [])[0] ?? null;
      return { includes, onlyPlanned: saved !== null, obstacle };
    },
  });
  if (done === null) return EXIT.OK;
  const mayGoOn = options.output === 'text' && saved === null;
  const all = mayGoOn ? await withAnswers(workspace, done.reports, io, onPass) : done.reports;
  const summaries = all.map(summaryOf);
  if (options.output === 'json') printJson(io, reportJson(summaries));
  else io.stdout.write(reportText(summaries, done.looked.plan, io.terminal));
  if (metrics && options.metricsFile !== undefined && !io.signal.aborted)
    await replaceFile(options.metricsFile, await metrics.text());
  return statusAfterInterruption(all, io) ?? exitOf(summaries);
}

/**
 * Stores that will be written are opened before anything is begun, so that a missing identity is said at once. Returns those that
 * could not be, and why, for their keys to be left alone; throws where there is no other.
 */
async function openStores(
  { ports, keys }: Workspace,
  decisions: readonly Decision[],
): Promise<ReadonlyMap<string, KeyturnError>> {
  const acting = new Set(decisions.filter(({ action }) => action !== null).map(({ key }) => key));
  const stores = new Set(keys.filter(({ id }) => acting.has(id)).flatMap(storesOf));
  const closed = new Map<string, KeyturnError>();
  await Promise.all(
    [...stores].map(async (name) => {
      try {
        await (await ports.store(name)).check('material');
      } catch (error) {
        if (!isKeyturnError(error)) throw error;
        closed.set(name, error);
      }
    }),
  );
  const [first] = closed.values();
  if (first && closed.size === stores.size) throw first;
  return closed;
}

async function isWanted(options: ApplyOptions, plan: Parameters<typeof planText>[0], io: CommandIo): Promise<boolean> {
  const hasActions = plan.keys.some(({ action }) => action !== null);
  if (options.yes || !hasActions || !io.terminal.interactive || options.output === 'json') return true;
  io.stderr.write(planText(plan, io));
  return confirm('Do this now?');
}

/** `I/N`: part I of N, counted from 0 as Kubernetes’ JOB_COMPLETION_INDEX does. */
function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index !== undefined && count !== undefined && index < count) return { index, count };
  throw new KeyturnError('usage', `“${text}” is not a shard`, {
    hint: 'write I/N with I from 0 to N-1, for example 0/4',
  });
}

/** On a terminal people can answer registration tasks right away; keys they answered are taken on. */
async function withAnswers(
  workspace: Workspace,
  reports: KeyReport[],
  io: CommandIo,
  onPass: RunOptions['onPass'],
): Promise<KeyReport[]> {
  if (!io.terminal.interactive || io.signal.aborted) return reports;
  const asked = reports.filter(({ actions }) => actions.some(({ reason }) => reason === 'registration-asked'));
  const answered = await askForKeyIds(
    workspace,
    asked.flatMap((report) => summaryOf(report).tasks.filter(({ kind }) => kind === 'register')),
    io,
  );
  if (answered.size === 0) return reports;
  const choose: RunOptions['choose'] = async () => ({ includes: ({ key }) => answered.has(key) });
  const again = await run(workspace, io, { choose, onPass });
  const byKey = new Map(again?.reports.map((report) => [report.key, report]));
  return reports.map((report) => {
    const later = byKey.get(report.key);
    return later ? { ...later, actions: [...report.actions, ...later.actions] } : report;
  });
}
