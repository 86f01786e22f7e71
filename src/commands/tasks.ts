import { minute } from '../core/instant.ts';
import { renderCard } from '../core/render.ts';
import { type Task, tasksOf } from '../core/tasks.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { gather } from '../gather.ts';
import { table } from '../terminal.ts';
import { look } from '../tick.ts';
import { keyToActOn } from '../uncovered.ts';
import { openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface TasksOptions extends WorkspaceOptions {
  output: 'text' | 'json';
}

/** Everything people must do, most urgent first. */
export async function tasks(options: TasksOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const now = workspace.clock.now();
  const { gathered } = await look(workspace.ports.sources, workspace.keys, now);
  for (const { key, hold } of gathered) if (hold) io.stderr.write(`keyturn: ${key.id}: ${hold.message}\n`);
  const open = gathered
    .flatMap(({ key, record, capabilities }) => (record ? tasksOf(key, record, capabilities, now) : []))
    .sort((a, b) => a.deadline.getTime() - b.deadline.getTime());
  if (options.output === 'json') printJson(io, { tasks: open });
  else io.stdout.write(open.length === 0 ? 'nothing to do for people\n' : tasksText(open, io));
  return gathered.some(({ hold }) => hold) ? EXIT.FAILED : EXIT.OK;
}

function tasksText(open: readonly Task[], io: CommandIo): string {
  const rows = open.map(({ key, kind, generation, owner, deadline, overdue }) => [
    kind,
    key,
    `${generation}`,
    owner ?? '-',
    minute(deadline),
    overdue ? 'OVERDUE' : '',
  ]);
  return `${table([['TASK', 'KEY', 'GEN', 'OWNER', 'DEADLINE', ''], ...rows], io.terminal)}\nkeyturn task KEY shows what to do\n`;
}

export interface TaskOptions extends TasksOptions {
  key: string;
  copy?: boolean | undefined;
}

/** The cards of one key, with everything a person needs. */
export async function task(options: TaskOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const key = await keyToActOn(workspace, options.key);
  const now = workspace.clock.now();
  const { record, hold, capabilities } = await gather(workspace.ports.sources, key, now);
  if (hold) throw new KeyturnError('corrupt', `${key.id}: ${hold.message}`);
  const open = record ? tasksOf(key, record, capabilities, now) : [];
  if (options.output === 'json') printJson(io, { tasks: open });
  else
    io.stdout.write(
      open.length === 0
        ? `nothing to do for people on ${key.id}; keyturn plan says what comes next\n`
        : open.map(renderCard).join('\n'),
    );
  const [first] = open.filter(({ kind }) => kind !== 'delete');
  if (options.copy && first && io.terminal.copy(first.paste))
    io.stderr.write('keyturn: the public key is on the clipboard\n');
  return EXIT.OK;
}
