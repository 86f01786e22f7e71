import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ACTIONS } from './core/decide.ts';
import type { Gathered, Plan } from './core/plan.ts';
import { KeyturnError } from './errors.ts';

/** A saved plan: what was decided, on which revision of each record, under a digest that shows edits. */

const Entry = z.strictObject({
  key: z.string(),
  action: z.literal(ACTIONS).nullable(),
  reason: z.string(),
  message: z.string(),
  generation: z.number().nullable(),
  /** Revision of the record the decision was made on; null: there was none. */
  revision: z.number().nullable(),
});
const SavedPlan = z.strictObject({
  formatVersion: z.literal(1),
  at: z.iso.datetime(),
  keys: z.array(Entry),
  digest: z.string(),
});
export type SavedPlan = z.infer<typeof SavedPlan>;

const digestOf = ({ at, keys }: Pick<SavedPlan, 'at' | 'keys'>): string =>
  createHash('sha256').update(JSON.stringify({ at, keys })).digest('hex');

export function savePlan(plan: Plan, gathered: readonly Gathered[]): string {
  const content = { at: plan.at.toISOString(), keys: entriesOf(plan, gathered) };
  return `${JSON.stringify({ formatVersion: 1, ...content, digest: digestOf(content) }, null, 2)}\n`;
}

export const entriesOf = ({ keys }: Plan, gathered: readonly Gathered[]): SavedPlan['keys'] =>
  keys.map(({ key, action, reason, message, generation }, index) => ({
    key,
    action,
    reason,
    message,
    generation,
    revision: gathered[index]?.record?.revision ?? null,
  }));

/** Throws `invalid` for a file that is no saved plan or was edited. */
export function parsePlan(text: string, file: string): SavedPlan {
  const parsed = SavedPlan.safeParse(parseJson(text));
  if (!parsed.success)
    throw new KeyturnError('invalid', `${file} is not a saved plan`, { hint: 'make one with keyturn plan --out FILE' });
  if (digestOf(parsed.data) !== parsed.data.digest) {
    throw new KeyturnError('invalid', `${file} was edited after it was saved`, {
      hint: 'make a new plan: keyturn plan --out FILE',
    });
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One sentence for each key whose next action is not what the plan says any more; waiting keys may wait for other things meanwhile. */
export function differences(saved: SavedPlan, now: SavedPlan['keys']): string[] {
  const then = new Map(saved.keys.map((entry) => [entry.key, entry]));
  const changed = now.flatMap((entry) => {
    const planned = then.get(entry.key);
    if (planned === undefined) return [`${entry.key} is not in the plan`];
    return describe(entry) === describe(planned)
      ? []
      : [`${entry.key}: planned ${describe(planned)}, now ${describe(entry)}`];
  });
  const present = new Set(now.map(({ key }) => key));
  return [
    ...changed,
    ...saved.keys.filter(({ key }) => !present.has(key)).map(({ key }) => `${key} is in no policy any more`),
  ];
}

function describe({ action, generation, revision }: SavedPlan['keys'][number]): string {
  const on = revision === null ? 'no record' : `revision ${revision} of its record`;
  return action === null ? `nothing (${on})` : `${action} generation ${generation} (${on})`;
}
