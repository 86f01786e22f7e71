import { diagnose } from '../core/doctor/diagnose.ts';
import type { KeyFacts } from '../core/doctor/facts.ts';
import type { Finding } from '../core/doctor/finding.ts';
import type { Gathered } from '../core/plan.ts';
import type { Key } from '../core/policy.ts';
import { explain, isKeyturnError } from '../errors.ts';
import { gather } from '../gather.ts';
import { readRecord } from '../records.ts';
import type { Tools } from '../steps/step.ts';
import { toolsFor, type Workspace } from '../workspace.ts';
import { lookAtPairs } from './pairs.ts';
import { unusable } from './stores.ts';
import { type Held, heldOf, probeAll } from './venues.ts';

/** Looks at one key and says what is not as it should be. It is probed where its venue is fit to be asked. */
export async function examineKey(
  workspace: Workspace,
  key: Key,
  { fit, by }: { fit: ReadonlySet<string>; by: string },
): Promise<Finding[]> {
  const gathered = await gather(workspace.ports.sources, key, workspace.clock.now());
  const { tools, findings } = gathered.record ? await openTools(workspace, key, by) : { tools: null, findings: [] };
  return [...findings, ...diagnose(await factsOf(workspace, gathered, tools, fit))];
}

async function openTools(
  workspace: Workspace,
  key: Key,
  by: string,
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
    const probes =
      tools !== null && fit.has(key.venue)
        ? await probeAll(tools.venue, key, record, signers, () => heldInAccount(workspace, key, tools.by))
        : [];
    return { ...gathered, insideAddress, stored, probes };
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return { ...nothing, hold: { reason: 'record-unreadable', message: explain(error) } };
  }
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
          const held = signer ? heldOf(key, each, signer) : null;
          return held ?? [];
        });
      } catch (error) {
        if (isKeyturnError(error)) return [];
        throw error;
      }
    }),
  );
  return held.flat();
}
