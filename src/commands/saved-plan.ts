import { resolve } from 'node:path';
import { approverOf } from '../approval.ts';
import type { Gathered } from '../core/plan.ts';
import { KeyturnError } from '../errors.ts';
import { differences, entriesOf, parsePlan, readPlanFile, type SavedPlan } from '../plan-file.ts';
import type { Looked } from '../tick.ts';
import type { Workspace } from '../workspace.ts';
import type { CommandIo } from './io.ts';

/** The saved plan that `apply` follows, and whether it may do without one. */

export interface SavedPlanOptions {
  file?: string | undefined;
  /** Only plans that somebody signed. */
  requireApproved?: boolean | undefined;
  /** These two ask for the same. */
  allowedSigners?: string | undefined;
  signature?: string | undefined;
}

type Configured = Pick<Workspace, 'configuration'>;

const isApprovalNeeded = (options: SavedPlanOptions, { configuration }: Configured): boolean =>
  configuration.requireApproved ||
  options.requireApproved === true ||
  options.allowedSigners !== undefined ||
  options.signature !== undefined;

/** Null: no plan was named. Throws for one that is damaged, or not approved where that is demanded. */
export async function planToFollow(
  options: SavedPlanOptions,
  workspace: Configured,
  { stderr }: Pick<CommandIo, 'stderr'>,
): Promise<SavedPlan | null> {
  const { file } = options;
  if (file === undefined) return null;
  const bytes = await readPlanFile(file);
  if (isApprovalNeeded(options, workspace)) {
    const { folder, allowedSigners } = workspace.configuration;
    const signer = await approverOf({
      file,
      bytes,
      signature: options.signature ?? `${file}.sig`,
      allowedSigners: options.allowedSigners ?? resolve(folder, allowedSigners),
    });
    stderr.write(`keyturn: ${file} was approved by ${signer}\n`);
  }
  return parsePlan(bytes.toString('utf8'), file);
}

/** Throws `conflict`, with every difference, where anything has moved on since the plan was made. */
export function assertUnchanged(saved: SavedPlan, { plan, gathered }: Looked): void {
  const changed = differences(saved, entriesOf(plan, gathered));
  if (changed.length === 0) return;
  throw new KeyturnError('conflict', ['the plan is out of date, nothing was done', ...changed].join('\n  '), {
    hint: 'make a new plan: keyturn plan --out FILE',
  });
}

/**
 * The keys that may be acted on without a plan: all of them, or, where plans must be approved, those marked compromised,
 * which cannot wait for anybody. Throws `refused` where that leaves none.
 */
export function keysWithoutPlan(
  options: SavedPlanOptions,
  workspace: Configured,
  { gathered }: Pick<Looked, 'gathered'>,
): (key: string) => boolean {
  if (!isApprovalNeeded(options, workspace)) return () => true;
  const urgent = urgentKeys({ gathered });
  if (urgent.size > 0) return (key) => urgent.has(key);
  throw new KeyturnError('refused', 'only approved plans are carried out here, and none was named', {
    hint: 'keyturn plan --out FILE, have FILE signed, then keyturn apply FILE; keys marked compromised need no plan',
  });
}

/** Keys that cannot wait for anybody’s approval. */
export const urgentKeys = ({ gathered }: Pick<Looked, 'gathered'>): Set<string> =>
  new Set(gathered.filter(isCompromised).map(({ key }) => key.id));

const isCompromised = ({ record }: Gathered): boolean =>
  record?.generations.some(({ compromised }) => compromised !== undefined) ?? false;
