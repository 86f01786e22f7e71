import { Text } from '../core/policy-schema.ts';
import type { KeyRecord } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { recordToActOn } from '../gather.ts';
import { tell } from '../notify.ts';
import { optionText } from '../option-text.ts';
import { requestRotation } from '../steps/request-rotation.ts';
import { keyToActOn } from '../uncovered.ts';
import { actor, openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import type { CommandIo } from './io.ts';

export interface RotateOptions extends WorkspaceOptions {
  key: string;
  reason?: string | undefined;
  compromised?: boolean | undefined;
  generation?: number[] | undefined;
  by?: string | undefined;
}

/** A text auditors will read, so it is not left out; it stays in the record and is shown on the terminals of others. */
export function demandReason(reason: string | undefined, command: string): string {
  if (reason !== undefined && reason.trim() !== '') return optionText('reason', reason.trim(), Text);
  throw new KeyturnError('usage', `${command} needs a reason: auditors will read it`, {
    hint: `keyturn ${command} KEY --reason TEXT`,
  });
}

/** Asks for a rotation: a request in the record, served by the next pass. */
export async function rotate(options: RotateOptions, io: CommandIo): Promise<ExitStatus> {
  const { key: id, compromised, generation, by } = options;
  const reason = demandReason(options.reason, 'rotate');
  if (generation !== undefined && !compromised)
    throw new KeyturnError('usage', '--generation says what leaked and goes with --compromised only');
  const workspace = await openWorkspace(options);
  const key = await keyToActOn(workspace, id);
  const store = await workspace.ports.store(key.store);
  const record = await recordToActOn(workspace.ports.sources, store, key);
  const underWay = compromised ? null : alreadyUnderWay(record);
  if (underWay !== null) {
    io.stdout.write(`a rotation of ${key.id} is ${underWay}\n`);
    return EXIT.OK;
  }
  const tools = { key, store, clock: workspace.clock, by: actor(by) };
  const marked = await requestRotation(tools, record, {
    reason,
    compromised: compromised ? (generation ?? 'current') : null,
  });
  await tell(workspace, [key], io);
  const said =
    marked.length === 0
      ? `a rotation of ${key.id} is asked for`
      : `generation ${marked.join(', ')} of ${key.id} is marked as compromised: delete it at the venue now`;
  io.stdout.write(`${said}; keyturn apply acts on it\n`);
  return EXIT.OK;
}

/** The first reason stands: asking again neither replaces it nor puts the rotation off. */
function alreadyUnderWay(record: KeyRecord | null): string | null {
  if (record?.next) return `under way already: generation ${record.next}`;
  return record?.request ? `asked for already, by ${record.request.by}: ${record.request.reason}` : null;
}
