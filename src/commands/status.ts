import { minute } from '../core/instant.ts';
import type { KeyRecord } from '../core/record.ts';
import { byUrgency, type GenerationStatus, type KeyStatus, statusOf, uncoveredStatus } from '../core/status.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { table } from '../terminal.ts';
import { look } from '../tick.ts';
import { named } from '../uncovered.ts';
import { openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface StatusOptions extends WorkspaceOptions {
  output: 'text' | 'json';
  key?: string | undefined;
  check?: boolean | undefined;
}

/** Where every key stands, worst first. */
export async function status(options: StatusOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const { keys, records, failures } = await named(workspace, options.key);
  const now = workspace.clock.now();
  const { gathered, plan } = await look(workspace.ports.sources, keys, now);
  const held = gathered.filter(({ hold }) => hold !== null);
  const unread = [...held.map(({ key, hold }) => `${key.id}: ${hold?.message}`), ...failures];
  for (const message of unread) io.stderr.write(`keyturn: ${message}\n`);
  const covered = gathered.map(({ key, record, capabilities }, index) => ({
    ...statusOf(key, record, capabilities, now),
    reason: plan.keys[index]?.reason,
    message: plan.keys[index]?.message,
  }));
  const all = [...covered, ...records.map(({ record }) => uncoveredRow(record))].sort(byUrgency);
  if (options.output === 'json') printJson(io, { at: now, keys: all });
  else io.stdout.write(statusText(all, io));
  if (unread.length > 0) return EXIT.FAILED;
  return options.check && all.some(({ overdue }) => overdue) ? EXIT.OVERDUE : EXIT.OK;
}

type Row = KeyStatus & { reason?: string | undefined; message?: string | undefined };

const uncoveredRow = (record: KeyRecord): Row => ({
  ...uncoveredStatus(record),
  reason: 'uncovered',
  message: 'no policy names it; nothing is done for it',
});

function statusText(rows: readonly Row[], io: CommandIo): string {
  if (rows.length === 0) return 'no keys\n';
  const shown = (each: GenerationStatus | null) =>
    each === null ? '-' : `${each.generation}${each.apiKey ? ` ${each.apiKey}` : ''}`;
  const cells = rows.map(({ key, phase, overdue, due, current, next, previous, message }) => [
    key,
    overdue ? io.terminal.paint.red(`${phase} OVERDUE`) : phase,
    due === null ? '-' : minute(due),
    shown(current),
    shown(next),
    shown(previous),
    message ?? '',
  ]);
  const text = table([['KEY', 'PHASE', 'DUE', 'CURRENT', 'NEXT', 'PREVIOUS', 'WHY'], ...cells], io.terminal);
  const unproven = rows.filter(({ current }) => current?.allowlist === 'unproven').length;
  return unproven === 0
    ? text
    : `${text}\n${unproven} of ${rows.length} allowlists unproven: the venue does not show the addresses, and no egress outside them is configured\n`;
}
