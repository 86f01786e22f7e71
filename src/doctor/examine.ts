import pLimit from 'p-limit';
import { bySeverity, type Finding } from '../core/doctor/finding.ts';
import type { Key } from '../core/policy.ts';
import type { Workspace } from '../workspace.ts';
import { examineKey } from './examine-key.ts';
import { lookAtStores, lookForUncovered } from './stores.ts';
import { lookAtVenues } from './venues.ts';

/** Keys looked at at the same time. */
const KEYS_AT_ONCE = 8;

export interface Examination {
  workspace: Workspace;
  /** The one key to look at; null: everything the policies name, and what no policy names. */
  only: Key | null;
  /** Asks no venue. */
  offline: boolean;
  by: string;
  onKey?: ((key: Key) => void) | undefined;
}

/** Looks at stores, venues and keys with harmless reads, and says what somebody should know, worst first. */
export async function examine({ workspace, only, offline, by, onKey }: Examination): Promise<Finding[]> {
  const keys = only ? [only] : workspace.keys;
  const [stores, venues] = await Promise.all([
    lookAtStores(workspace, keys),
    offline ? { findings: [], fit: new Set<string>() } : lookAtVenues(workspace, keys),
  ]);
  const uncovered = only ? [] : await lookForUncovered(workspace, stores);
  const looked = await pLimit(KEYS_AT_ONCE).map(
    keys.filter(({ store }) => !stores.unreachable.has(store)),
    (key) => {
      onKey?.(key);
      return examineKey(workspace, key, { fit: venues.fit, by });
    },
  );
  const all = [...stores.findings, ...uncovered, ...venues.findings, ...withoutEchoes(looked.flat(), stores.findings)];
  return all.filter(({ subject }) => only === null || concerns(only, subject)).sort(bySeverity);
}

const concerns = ({ id, store, venue }: Key, subject: string): boolean => [id, store, venue].includes(subject);

/** A store that cannot be used is said once, not for each of its keys, and not at all where it said why itself. */
function withoutEchoes(findings: readonly Finding[], said: readonly Finding[]): Finding[] {
  const sick = new Set(said.flatMap(({ severity, subject }) => (severity === 'error' ? [subject] : [])));
  return findings.filter(({ code, subject }) => {
    const isEcho = code === 'store-unusable' && sick.has(subject);
    if (code === 'store-unusable') sick.add(subject);
    return !isEcho;
  });
}
