import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { Concern, Listening } from './channel-schema.ts';
import { about } from './core/about.ts';
import { Name, Seconds } from './core/policy-schema.ts';
import type { Path } from './core/rules.ts';
import { inOrder, type Problem } from './problems.ts';
import { schemaProblems } from './schema-problems.ts';
import { valueAt } from './schema-walk.ts';
import { Serve } from './serve/section.ts';
import { readSource, type Source } from './source.ts';

/** keyturn.yaml: names for stores, venues, notifiers and hooks. As strict as policies; secrets only as references. */

/** Of each kind, what loads the schema of what it takes besides `kind`: of kinds that nobody uses nothing is loaded. */
type Options = Readonly<Record<string, () => Promise<z.ZodMiniObject>>>;

/** The kinds there are, and the entries that are always there. */
export interface Kinds {
  stores: Options;
  venues: Options;
  notifiers: Options;
  hooks: Options;
  builtIn: { stores: Readonly<Record<string, object>>; venues: Readonly<Record<string, object>> };
}

type Entry<O extends Options> = { [K in keyof O]: { kind: K } & z.output<Awaited<ReturnType<O[K]>>> }[keyof O];

export interface Configuration<K extends Kinds = Kinds> {
  /** Absolute; relative paths in it start here. */
  folder: string;
  stores: Readonly<Record<string, Entry<K['stores']>>>;
  venues: Readonly<Record<string, Entry<K['venues']> & Probing>>;
  notifiers: Readonly<Record<string, Entry<K['notifiers']> & Listening>>;
  hooks: Readonly<Record<string, Entry<K['hooks']> & Concern>>;
  /** Seconds a worker’s claim lasts, and seconds around its end in which nobody begins anything. */
  claim: { for: number; margin: number };
  /** How the daemon runs. */
  serve: Serve;
  /** Where a part of it is written, or would be: `keyturn.yaml:4:11`. */
  whereIs(path: Path): string;
  /** Whether `apply` carries out approved plans only. */
  requireApproved: boolean;
  /** The file that lists who may approve them. */
  allowedSigners: string;
}

const Url = z.url({ protocol: /^https?$/, error: 'must be an address that starts with http:// or https://' });

/** What can be said of every venue, whatever its kind. */
const Probing = z.strictObject({
  proof: about(
    z.prefault(
      z.strictObject({
        groups: about(z._default(z.int().check(z.minimum(1), z.maximum(10)), 2), 'Probe groups a revocation needs.'),
        apart: about(z.prefault(Seconds, '10m'), 'How far apart they are at least.'),
      }),
      {},
    ),
    'What counts as proof that a key is dead.',
  ),
  inside: about(
    z.optional(
      z.strictObject({
        proxy: about(z.optional(Url), 'A proxy through which this venue is asked.'),
        address: about(
          z.optional(z.union([z.ipv4(), z.ipv6()])),
          'The address the venue sees then; it must be on every allowlist.',
        ),
      }),
    ),
    'Where keyturn’s own requests come from.',
  ),
  outside: about(
    z.optional(z.strictObject({ proxy: about(Url, 'A proxy whose address is on no allowlist.') })),
    'An egress that allowlists do not contain, to prove that they hold.',
  ),
});
type Probing = z.output<typeof Probing>;

const Claim = about(
  z.prefault(
    z
      .strictObject({
        for: about(z.prefault(Seconds, '15m'), 'How long one worker may be in the middle of a step.'),
        margin: about(
          z.prefault(Seconds, '2m'),
          'Time before its end in which it begins nothing more, and after it in which nobody else begins.',
        ),
      })
      .check(z.refine((claim) => claim.for > claim.margin, { path: ['for'], error: 'must be longer than margin' })),
    {},
  ),
  'How long a worker that stopped keeps others away from a key.',
);

/** The schemas of a file and its entries, for the kinds that these values name; without values, for all there are. */
async function schemasOf({ stores, venues, notifiers, hooks }: Kinds, values?: readonly unknown[]) {
  const named = (section: string, kinds: Options) => (values ? namedIn(section, kinds, values) : Object.keys(kinds));
  const [store, venue, notifier, hook] = await Promise.all([
    entrySchema(stores, named('stores', stores), {}),
    entrySchema(venues, named('venues', venues), Probing.shape),
    entrySchema(notifiers, named('notifiers', notifiers), Listening.shape),
    entrySchema(hooks, named('hooks', hooks), Concern.shape),
  ]);
  const file = about(
    z.strictObject({
      apiVersion: about(z.literal('keyturn/v1'), 'Version of this format.'),
      stores: about(z.prefault(z.record(Name, store), {}), 'Stores by name; local is always there.'),
      venues: about(z.prefault(z.record(Name, venue), {}), 'Venues by name; some are always there.'),
      notifiers: about(atMost(12, notifier), 'Who tells people what happens, by name.'),
      hooks: about(atMost(24, hook), 'What tells applications that they have another key, by name.'),
      claim: Claim,
      serve: Serve,
      requireApproved: about(
        z._default(z.boolean(), false),
        'Whether apply takes only plans signed by somebody in allowedSigners.',
      ),
      allowedSigners: about(
        z._default(z.string().check(z.minLength(1)), 'allowed_signers'),
        'The file that lists who may approve plans, as ssh-keygen reads it.',
      ),
    }),
    { title: 'keyturn configuration', description: 'The stores and venues that policies name, and who is told' },
  );
  return { store, venue, notifier, hook, file };
}

/** Every record keeps what each was told, and records are small. */
const atMost = <V extends z.ZodMiniType>(count: number, value: V) =>
  z.prefault(
    z
      .record(Name, value)
      .check(
        z.refine((entries) => Object.keys(entries).length <= count, { error: `must have at most ${count} entries` }),
      ),
    {},
  );

/** The kinds that entries of a section name; all of them where one names none that there is, since the problem lists them. */
function namedIn(section: string, kinds: Options, values: readonly unknown[]): string[] {
  const entries = values.flatMap((value) => Object.values(Object(valueAt(value, [section]))));
  const named = new Set(entries.map((entry) => valueAt(entry, ['kind'])));
  const known = Object.keys(kinds);
  return [...named].every((kind) => known.some((each) => each === kind))
    ? known.filter((kind) => named.has(kind))
    : known;
}

/** Of an options schema its fields count: what it demands of all of them together would be lost here. */
async function entrySchema(kinds: Options, names: readonly string[], common: z.core.$ZodShape) {
  const members = await Promise.all(
    names.map(async (kind) => {
      const options = await kinds[kind]?.();
      return z.strictObject({ kind: z.literal(kind), ...common, ...options?.shape });
    }),
  );
  const [first, ...rest] = members;
  return first === undefined ? z.never() : z.discriminatedUnion('kind', [first, ...rest]);
}

/** Of a whole keyturn.yaml, with every kind there is. */
export const configurationSchema = async (kinds: Kinds): Promise<z.ZodMiniType> => (await schemasOf(kinds)).file;

const DEFAULT_FILE = 'keyturn.yaml';

/**
 * Reads `path`, or keyturn.yaml where there is one, or else nothing: the built-in entries serve. Entries that are wrong are
 * left out and reported. Throws `invalid` for a named file that cannot be read.
 */
export async function loadConfiguration<K extends Kinds>(
  path: string | null,
  kinds: K,
): Promise<{ configuration: Configuration<K>; problems: Problem[]; source: Source | null }> {
  const file = path ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null);
  const source = file === null ? null : readSource(file);
  const schemas = await schemasOf(kinds, [kinds.builtIn, source?.value]);
  const builtIn = schemas.file.parse({ apiVersion: 'keyturn/v1', ...kinds.builtIn });
  const parsed = source === null ? null : schemas.file.safeParse(source.value);
  const legible = parsed === null ? builtIn : (parsed.data ?? legibleParts(source?.value, schemas));
  const configuration = {
    folder: resolve(file === null ? '.' : dirname(file)),
    stores: { ...builtIn.stores, ...legible.stores },
    venues: { ...builtIn.venues, ...legible.venues },
    notifiers: legible.notifiers,
    hooks: legible.hooks,
    claim: legible.claim,
    serve: legible.serve,
    whereIs(path: Path) {
      if (source === null) return DEFAULT_FILE;
      const { line, column } = source.locate(path);
      return `${source.file}:${line}:${column}`;
    },
    requireApproved: legible.requireApproved,
    allowedSigners: legible.allowedSigners,
  };
  const problems =
    source === null
      ? []
      : inOrder([
          ...source.problems,
          ...(parsed?.error && source.value !== undefined
            ? schemaProblems(parsed.error, { schema: schemas.file, source })
            : []),
        ]);
  // The schemas were made of these kinds, so what they let through has their types.
  return { configuration: configuration as Configuration<K>, problems, source };
}

type Schemas = Awaited<ReturnType<typeof schemasOf>>;

/** What can be used of a file that has mistakes, so that policies are not blamed for names it does define. */
function legibleParts(written: unknown, { store, venue, notifier, hook, file }: Schemas) {
  const section = <S extends z.ZodMiniType>(name: string, schema: S): z.output<S> => {
    const parsed = schema.safeParse(valueAt(written, [name]));
    return parsed.success ? parsed.data : schema.parse(undefined);
  };
  return {
    stores: legibleEntries(valueAt(written, ['stores']), store),
    venues: legibleEntries(valueAt(written, ['venues']), venue),
    notifiers: legibleEntries(valueAt(written, ['notifiers']), notifier),
    hooks: legibleEntries(valueAt(written, ['hooks']), hook),
    claim: section('claim', file.shape.claim),
    serve: section('serve', file.shape.serve),
    requireApproved: section('requireApproved', file.shape.requireApproved),
    allowedSigners: section('allowedSigners', file.shape.allowedSigners),
  };
}

function legibleEntries<S extends z.ZodMiniType>(written: unknown, schema: S): Record<string, z.output<S>> {
  if (typeof written !== 'object' || written === null) return {};
  return Object.fromEntries(
    Object.entries(written).flatMap(([name, value]) => {
      const entry = schema.safeParse(value);
      return entry.success ? [[name, entry.data]] : [];
    }),
  );
}
