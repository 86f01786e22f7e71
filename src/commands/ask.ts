import { renderCard } from '../core/render.ts';
import type { Task } from '../core/tasks.ts';
import { explain, isKeyturnError } from '../errors.ts';
import { keyNamed, type Workspace } from '../workspace.ts';
import { type CommandIo, promptText } from './io.ts';
import { recordKeyId } from './register.ts';

/** Shows each registration card and asks for the key id; Enter means later. Returns the keys that were answered. */
export async function askForKeyIds(workspace: Workspace, tasks: readonly Task[], io: CommandIo): Promise<Set<string>> {
  const answered = new Set<string>();
  for (const task of tasks) {
    io.stderr.write(`\n${renderCard(task)}\n`);
    if (await askOnce(workspace, task, io)) answered.add(task.key);
  }
  return answered;
}

async function askOnce(workspace: Workspace, task: Task, io: CommandIo): Promise<boolean> {
  for (;;) {
    const typed = await promptText(`Key id of ${task.key} (Enter: later)`);
    if (typed.trim() === '') return false;
    try {
      await recordKeyId(workspace, keyNamed(workspace.keys, task.key), typed);
      return true;
    } catch (error) {
      if (!isKeyturnError(error)) throw error;
      io.stderr.write(`keyturn: ${explain(error)}\n`);
    }
  }
}
