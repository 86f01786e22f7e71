import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { about } from './core/about.ts';
import { ACTIONS } from './core/decide.ts';
import type { Gathered, Plan } from './core/plan.ts';
import { policyVersion } from './core/policy-version.ts';
import { KeyturnError } from './errors.ts';
import { VERSION } from './version.ts';

/**
 * A saved plan: what was decided, and what it was decided on: the version of keyturn and, of each key, its policy and the
 * revision of its record. A digest over all of it shows edits; who approved it, only a signature can say (approval.ts).
 */

const Instant = z.pipe(
  z.iso.datetime({ precision: 3 }),
  z.transform((text) => new Date(text)),
);

const Entry = z.strictObject({
  key: about(z.string(), 'account/name'),
  action: about(z.nullable(z.literal(ACTIONS)), 'null: nothing to do now'),
  reason: about(z.string(), 'stable code, see docs/life-of-a-key.md'),
  message: z.string(),
  due: Instant,
  notBefore: z.nullable(Instant),
  generation: z.nullable(z.int().check(z.positive())),
  revision: about(z.nullable(z.int().check(z.positive())), 'of the record; null: there was none'),
  policy: about(z.string(), 'changes when anything about the key in its policy does'),
});
type Entry = z.output<typeof Entry>;

export const SavedPlan = z.strictObject({
  formatVersion: z.literal(1),
  version: about(z.string(), 'of the keyturn that made it'),
  at: Instant,
  keys: z.array(Entry),
  digest: about(z.string(), 'SHA-256 in lower-case hex, over the other fields as JSON without spaces'),
});
export type SavedPlan = z.output<typeof SavedPlan>;

/** Whatever version of keyturn made it. As it stands there: the digest is over the fields in their order. */
const Sealed = z.looseObject({ version: z.string(), digest: z.string() });
const isSealed = (value: unknown): value is z.output<typeof Sealed> => Sealed.safeParse(value).success;

const HINT = 'make a new plan: keyturn plan --out FILE';

const digestOf = (content: object): string => createHash('sha256').update(JSON.stringify(content)).digest('hex');

/** What was decided for each key, and on what. */
export const entriesOf = ({ keys }: Plan, gathered: readonly Gathered[]): Entry[] =>
  gathered.flatMap(({ key, record }, index) => {
    const decision = keys[index];
    return decision ? [{ ...decision, revision: record?.revision ?? null, policy: policyVersion(key) }] : [];
  });

/** The text of a plan file, by itself as much a `plan -o json` as what that prints. */
export function savedPlanText(plan: Plan, gathered: readonly Gathered[]): string {
  const content = { formatVersion: 1, version: VERSION, at: plan.at, keys: entriesOf(plan, gathered) };
  return `${JSON.stringify({ ...content, digest: digestOf(content) }, null, 2)}\n`;
}

export async function writePlan(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    throw new KeyturnError('usage', `the plan cannot be written to ${file} (${cause.code})`, {
      hint: 'name a file in a folder that is there and that you may write',
      cause,
    });
  });
}

export const readPlanFile = (file: string): Promise<Buffer> =>
  readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new KeyturnError('invalid', `the plan ${file} cannot be read (${cause.code})`, {
      hint: 'make one with keyturn plan --out FILE',
      cause,
    });
  });

/** Throws `invalid` for a file that is no saved plan or was edited, `conflict` for one that only another version understands. */
export function parsePlan(text: string, file: string): SavedPlan {
  const sealed = parseJson(text);
  if (!isSealed(sealed)) throw new KeyturnError('invalid', `${file} is not a saved plan`, { hint: HINT });
  const { digest, ...content } = sealed;
  if (digestOf(content) !== digest) {
    throw new KeyturnError('invalid', `${file} was edited after it was saved`, { hint: HINT });
  }
  const parsed = SavedPlan.safeParse(sealed);
  if (parsed.success) return parsed.data;
  throw sealed.version === VERSION
    ? new KeyturnError('invalid', `${file} is not a saved plan`, { hint: HINT })
    : new KeyturnError('conflict', `${file} ${madeBy(sealed.version)}`, { hint: HINT });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const madeBy = (version: string): string => `was made by keyturn ${version}, this is ${VERSION}`;

/**
 * One sentence for each way in which a plan is not what would be decided now: another version of keyturn, and keys whose
 * policy, record or next action is another. Waiting keys may wait for other things meanwhile.
 */
export function differences(saved: SavedPlan, now: readonly Entry[]): string[] {
  const then = new Map(saved.keys.map((entry) => [entry.key, entry]));
  const present = new Set(now.map(({ key }) => key));
  return [
    ...(saved.version === VERSION ? [] : [`it ${madeBy(saved.version)}`]),
    ...now.flatMap((entry) => {
      const planned = then.get(entry.key);
      return planned === undefined ? [`${entry.key} is not in the plan`] : changesOf(planned, entry);
    }),
    ...saved.keys.filter(({ key }) => !present.has(key)).map(({ key }) => `${key} is in no policy any more`),
  ];
}

function changesOf(planned: Entry, now: Entry): string[] {
  const { key } = now;
  return [
    ...(planned.policy === now.policy ? [] : [`${key}: its policy was changed`]),
    ...(describe(planned) === describe(now) ? [] : [`${key}: planned ${describe(planned)}, now ${describe(now)}`]),
  ];
}

function describe({ action, generation, revision }: Entry): string {
  const on = revision === null ? 'no record' : `revision ${revision} of its record`;
  return action === null ? `nothing (${on})` : `${action} generation ${generation} (${on})`;
}
