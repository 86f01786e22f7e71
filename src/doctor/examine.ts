import pLimit from 'p-limit';
import { diagnose } from '../core/doctor/diagnose.ts';
import type { KeyFacts, ProbeFacts } from '../core/doctor/facts.ts';
import { bySeverity, type Finding } from '../core/doctor/finding.ts';
import type { Gathered } from '../core/plan.ts';
import type { Key } from '../core/policy.ts';
import { explain, isKeyturnError, KeyturnError } from '../errors.ts';
import { gather } from '../gather.ts';
import { readRecord } from '../records.ts';
import type { Tools } from '../steps/step.ts';
import { toolsFor, type Workspace } from '../workspace.ts';
import { lookAtPairs, type Opened } from './pairs.ts';
import { lookAtStores, lookForUncovered, unusable } from './stores.ts';
import { type Held, heldOf, lookAtVenues, probeAll } from './venues.ts';

/** Keys looked at at the same time. */
const KEYS_AT_ONCE = 8;

export interface Examination {
  /** Everything the policies name. */
  workspace: Workspace;
  /** What is looked at. */
  keys: readonly Key[];
  /** Asks no venue. */
  offline: boolean;
  by: string;
  onKey?: ((key: Key) => void) | undefined;
}

/** Looks at stores, venues and keys with harmless reads, and says what somebody should know, worst first. */
export async function examine(examination: Examination): Promise<Finding[]> {
  const { workspace, keys, offline } = examination;
  const isWhole = keys.length === workspace.keys.length;
  const [stores, venues, uncovered] = await Promise.all([
    lookAtStores(workspace, keys),
    offline ? { findings: [], fit: new Set<string>() } : lookAtVenues(workspace, keys),
    isWhole ? lookForUncovered(workspace) : [],
  ]);
  const limit = pLimit(KEYS_AT_ONCE);
  const looked = await limit.map(
    keys.filter(({ store }) => stores.reachable.has(store)),
    (key) => examineKey(examination, key, venues.fit),
  );
  const ids = new Set<string>(keys.map(({ id }) => id));
  const others = new Set<string>(workspace.keys.map(({ id }) => id).filter((id) => !ids.has(id)));
  const all = [...stores.findings, ...uncovered, ...venues.findings, ...looked.flat()];
  const sick = new Set(stores.findings.flatMap(({ severity, subject }) => (severity === 'error' ? [subject] : [])));
  const isNews = ({ code, subject }: Finding) =>
    !others.has(subject) && !(code === 'store-unusable' && sick.has(subject));
  return once(all.filter(isNews)).sort(bySeverity);
}

/** A store that cannot be used is said once, not for each of its keys, and not at all where it said why itself. */
const once = (findings: readonly Finding[]): Finding[] => [
  ...new Map(findings.map((finding) => [`${finding.code} ${finding.subject} ${finding.message}`, finding])).values(),
];

async function examineKey(examination: Examination, key: Key, fit: ReadonlySet<string>): Promise<Finding[]> {
  const { workspace, onKey } = examination;
  onKey?.(key);
  const gathered = await gather(workspace.ports.sources, key, workspace.clock.now());
  const { tools, findings } = gathered.record ? await openTools(examination, key) : { tools: null, findings: [] };
  return [...findings, ...diagnose(await factsOf(workspace, gathered, tools, fit))];
}

async function openTools(
  { workspace, by }: Examination,
  key: Key,
): Promise<{ tools: Tools | null; findings: Finding[] }> {
  try {
    const tools = await toolsFor(workspace, key, by);
    await tools.store.check('material');
    return { tools, findings: [] };
  } catch (error) {
    if (!isKeyturnError(error) || error.code === 'usage') throw error;
    return { tools: null, findings: [unusable(key.store, error)] };
  }
}

async function factsOf(
  workspace: Workspace,
  gathered: Gathered,
  tools: Tools | null,
  fit: ReadonlySet<string>,
): Promise<KeyFacts> {
  const { ports } = workspace;
  const { key, record } = gathered;
  const insideAddress = ports.venues.get(key.venue)?.insideAddress ?? null;
  const nothing = { ...gathered, insideAddress, stored: null, probes: [] };
  if (record === null) return nothing;
  try {
    const { stored, signers } = await lookAtPairs(await ports.sources.reader(key.store), record, tools);
    const probes = tools !== null && fit.has(key.venue) ? await probesOf(workspace, gathered, tools, signers) : [];
    return { ...gathered, insideAddress, stored, probes };
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return { ...nothing, hold: { reason: 'record-unreadable', message: explain(error) } };
  }
}

function probesOf(
  workspace: Workspace,
  { key, record }: Gathered,
  tools: Tools,
  signers: Opened['signers'],
): Promise<ProbeFacts[]> {
  if (record === null) throw new KeyturnError('not-found', `${key.id} has no record`);
  return probeAll(tools.venue, key, record, signers, () => heldInAccount(workspace, key, tools.by));
}

/** Every key id of an account with what signs for it, where that opens. */
async function heldInAccount(workspace: Workspace, { account, venue }: Key, by: string): Promise<Held[]> {
  const keys = workspace.keys.filter((key) => key.account === account && key.venue === venue);
  const held = await Promise.all(
    keys.map(async (key) => {
      try {
        const tools = await toolsFor(workspace, key, by);
        const record = await readRecord(tools.store, key.storedAs);
        if (record === null) return [];
        const { signers } = await lookAtPairs(tools.store, record, tools);
        return record.generations.flatMap((each) => {
          const signer = signers.get(each.generation);
          return signer ? heldOf(key, each, signer) : [];
        });
      } catch (error) {
        if (isKeyturnError(error)) return [];
        throw error;
      }
    }),
  );
  return held.flat();
}
