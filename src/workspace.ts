import { hostname, userInfo } from 'node:os';
import { parseInstant, systemClock, turnedClock } from './clock.ts';
import { type Configuration, loadConfiguration } from './configuration.ts';
import type { Key } from './core/policy.ts';
import { Text } from './core/policy-schema.ts';
import type { CustomRule } from './core/rules.ts';
import { KeyturnError } from './errors.ts';
import { optionText } from './option-text.ts';
import { hasErrors, loadPolicies, type PolicyContext, type Problem } from './policy-files.ts';
import type { Clock } from './ports/clock.ts';
import { isError } from './problems.ts';
import type { Source } from './source.ts';
import type { Tools } from './steps/step.ts';
import { nearest } from './suggest.ts';
import type { OnRequest } from './timed.ts';
import { unheard } from './unheard.ts';
import { KINDS, type Ports, wire } from './wire.ts';

/** Policies and configuration, read and wired: what every command that concerns keys starts from. */
export interface Workspace {
  configuration: Configuration<typeof KINDS>;
  keys: Key[];
  clock: Clock;
  ports: Ports;
}

export interface WorkspaceOptions {
  /** `--config`; undefined: keyturn.yaml where there is one. */
  config?: string | undefined;
  /** `--policies`. */
  policies?: string | undefined;
  /** `--at`: act as if it were that time. */
  at?: string | undefined;
  /** Another clock than the system’s, for a story whose time is turned. */
  clock?: Clock | undefined;
  /** Gets what was wired, for whoever ends the command and closes it. */
  onWired?: ((ports: Ports) => void) | undefined;
  /** Told of every request to a store or venue. */
  onRequest?: OnRequest | undefined;
}

export interface Checked extends Workspace {
  /** Of policies, as problems name them. */
  files: string[];
  /** Beside the built-in ones. */
  rules: readonly CustomRule[];
  problems: Problem[];
}

export interface Configured extends Omit<Workspace, 'keys'> {
  /** Of keyturn.yaml. */
  problems: Problem[];
  /** What rules may know beside policies. */
  surroundings: PolicyContext;
  /** Null without a keyturn.yaml. */
  source: Source | null;
}

/** The configuration, read and wired, with every problem of it. */
export async function configured(options: WorkspaceOptions): Promise<Configured> {
  const clock = options.clock ?? (options.at === undefined ? systemClock : turnedClock(parseInstant(options.at)));
  const { configuration, problems, source } = await loadConfiguration(options.config ?? null, KINDS);
  const ports = wire(configuration, clock, options.onRequest);
  options.onWired?.(ports);
  const surroundings = {
    today: clock.now(),
    venues: ports.venues,
    stores: new Set(Object.keys(configuration.stores)),
  };
  return { configuration, clock, ports, problems, surroundings, source };
}

/** Reads everything and lists every problem; for `policy check`, which shows them. */
export async function check(options: WorkspaceOptions, paths: string[] = []): Promise<Checked> {
  const { surroundings, problems, source, ...workspace } = await configured(options);
  const searched = paths.length > 0 ? paths : [options.policies ?? 'policies'];
  const policies = await loadPolicies(searched, surroundings);
  if (policies.files.length + policies.rules.length + policies.problems.length === 0) throw nothingIn(searched);
  const { keys, files, rules } = policies;
  const isWhole = paths.length === 0 && !hasErrors(policies.problems);
  const ofNobody = source && isWhole ? unheard(workspace.configuration, keys, source) : [];
  return { ...workspace, keys, files, rules, problems: [...problems, ...ofNobody, ...policies.problems] };
}

/** An empty folder is a mount or a path that went wrong: taken for no keys, none would ever be rotated, and all would be well. */
const nothingIn = (paths: readonly string[]): KeyturnError =>
  new KeyturnError('invalid', `there are no policies in ${paths.join(', ')}`, {
    hint: 'keyturn init writes a first one; --policies names another file or folder',
  });

/** The same for commands that act on policies: they refuse invalid ones whole. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { problems, files, ...workspace } = await check(options);
  if (!hasErrors(problems)) return workspace;
  const errors = problems.filter(isError);
  const isOneSound = files.some((file) => errors.every((error) => error.file !== file));
  const shown = errors.slice(0, 5).map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`);
  const more = errors.length > shown.length ? [`and ${errors.length - shown.length} more`] : [];
  throw new KeyturnError(
    'invalid',
    ['policies or configuration are invalid; nothing was done', ...shown, ...more].join('\n  '),
    {
      hint: `keyturn policy check shows everything that is wrong and what to write instead${isOneSound ? '; what cannot wait goes with --policies FILE, one sound file alone' : ''}`,
    },
  );
}

/** The one key a person named, or a usage error with the nearest name. */
export function keyNamed(keys: readonly Key[], id: string): Key {
  const found = keys.find((key) => key.id === id);
  if (found) return found;
  throw unknownKey(keys, id);
}

export function unknownKey(keys: readonly Key[], id: string): KeyturnError {
  const ids = keys.map((key) => key.id);
  const suggestion = ids.find((each) => each.endsWith(`/${id}`)) ?? nearest(id, ids);
  return new KeyturnError('usage', `no policy has a key ${id}`, {
    hint: suggestion ? `did you mean ${suggestion}?` : 'keyturn status lists all keys; write account/name',
  });
}

/** What the steps for one key work with. Opens and checks the store, so that problems show before anything is begun. */
export async function toolsFor({ ports, configuration, clock }: Workspace, key: Key, by: string): Promise<Tools> {
  if (!mayActOn({ ports, clock }, key)) {
    throw new KeyturnError(
      'usage',
      `${key.id} cannot be acted on at another time than now: --at is for a directory store with a venue on this machine`,
      {
        hint: 'keyturn plan --at TIME shows what would happen then',
      },
    );
  }
  return {
    key,
    store: await ports.materialStore(key),
    venue: await ports.venue(key.venue),
    keys: ports.keys,
    clock,
    proof: ports.sources.proof(key.venue),
    claim: configuration.claim,
    by,
  };
}

/** False where a turned clock could harm somebody. */
export const mayActOn = ({ ports, clock }: Pick<Workspace, 'ports' | 'clock'>, key: Key): boolean =>
  clock === systemClock || ports.isRehearsal(key.store, key.venue);

/** `user@host`, or who the person says they are. In a container the user has no name: then the host, which Kubernetes calls as the pod. */
export const actor = (name?: string): string =>
  name === undefined ? [userName(), hostname()].filter(Boolean).join('@') : optionText('by', name, Text);

function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}
