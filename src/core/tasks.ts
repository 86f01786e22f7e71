import { isForPeopleToRegister, type VenueCapabilities } from './capabilities.ts';
import { deletionDeadline, registrationDeadline } from './due.ts';
import { labelAtVenue } from './label.ts';
import { type Key, type KeyId, PERMISSIONS, type Permission } from './policy.ts';
import { inForm } from './public-key.ts';
import { type Finding, type Generation, isClosed, type KeyRecord, rolesOf } from './record.ts';
import { wantedSwitches } from './verification.ts';

/**
 * What a person must do, derived from the record each time it is shown: a registration that was asked for and has no key
 * id, a registered key that is not as its policy says or that replaced another one, a deletion without proof. So a policy edit shows at once, and a
 * task can neither be forgotten nor be open twice.
 */
export interface Task {
  key: KeyId;
  kind: 'register' | 'fix' | 'delete';
  account: string;
  purpose: string;
  venue: string;
  generation: number;
  /** SPKI PEM and its fingerprint. */
  publicKey: string;
  fingerprint: string;
  /** The public half in the form the venue takes. */
  paste: string;
  /** The name to type at the venue. */
  label: string;
  /** The key id at the venue, in full, where the task is about an existing key. */
  apiKey: string | null;
  permissions: { on: Permission[]; off: Permission[] };
  /** The same in the venue’s own words, with the switches no permission stands for. */
  switches: { on: string[]; off: string[] };
  ipAllowlist: string[];
  allowlistLabel: string;
  page: string;
  steps: readonly string[];
  /** What is wrong with the registered key. */
  findings: Finding[];
  /** Other ids of this generation that must be deleted at the venue, too. */
  alsoDelete: string[];
  /** Groups that have seen it dead already. */
  seenDead: number;
  compromised: boolean;
  openedAt: Date;
  deadline: Date;
  overdue: boolean;
  owner: string | null;
}

export function tasksOf(key: Key, record: KeyRecord, capabilities: VenueCapabilities, now: Date): Task[] {
  const { next } = rolesOf(record);
  const describe = (generation: Generation) => describeTask(key, generation, capabilities);
  const opened = record.generations
    .filter((each) => isForPeopleToDelete(key, each, now))
    .map((each) => ({ ...describe(each), ...deletion(key, each, capabilities) }));
  if (next?.at.asked && !next.apiKey && isForPeopleToRegister(capabilities, next))
    opened.push({ ...describe(next), ...registration(key, next.at.asked, capabilities) });
  const mendable =
    next?.apiKey && (next.findings || next.discardedApiKeys?.length)
      ? (next.findingsSince ?? next.at.registered)
      : undefined;
  if (next && mendable) opened.push({ ...describe(next), ...mending(key, mendable, capabilities) });
  return opened.map((task) => ({ ...task, overdue: now > task.deadline }));
}

/** What keyturn deleted by itself becomes a task only when that shows no effect in time. */
function isForPeopleToDelete({ schedule }: Key, generation: Generation, now: Date): boolean {
  const { deletionAsked, removed } = generation.at;
  if (!deletionAsked || isClosed(generation)) return false;
  return !removed || now > deletionDeadline(generation, schedule);
}

type Kind = 'kind' | 'steps' | 'openedAt' | 'deadline';

const registration = (key: Key, asked: string, { registerSteps }: VenueCapabilities): Pick<Task, Kind> => ({
  kind: 'register',
  steps: registerSteps,
  openedAt: new Date(asked),
  deadline: registrationDeadline(asked, key.schedule),
});

const mending = (key: Key, since: string, { page }: VenueCapabilities): Pick<Task, Kind> => ({
  kind: 'fix',
  steps: [`Open ${page} and find the key.`, 'Make the changes named here, and save.'],
  openedAt: new Date(since),
  deadline: registrationDeadline(since, key.schedule),
});

const deletion = (key: Key, generation: Generation, { deleteSteps }: VenueCapabilities): Pick<Task, Kind> => ({
  kind: 'delete',
  steps: deleteSteps,
  openedAt: new Date(generation.at.deletionAsked ?? generation.at.generated),
  deadline: deletionDeadline(generation, key.schedule),
});

function describeTask(key: Key, generation: Generation, capabilities: VenueCapabilities): Omit<Task, Kind> {
  const { on, off } = wantedSwitches(key, capabilities);
  const label = labelAtVenue(key, generation, capabilities);
  return {
    key: key.id,
    account: key.account,
    purpose: key.purpose,
    venue: capabilities.title,
    generation: generation.generation,
    publicKey: generation.publicKey ?? '',
    fingerprint: generation.fingerprint ?? '',
    paste: generation.publicKey
      ? inForm(generation.publicKey, capabilities.publicKeyForm, { label, addresses: key.ipAllowlist })
      : '',
    label,
    apiKey: generation.apiKey ?? null,
    permissions: { on: key.permissions, off: PERMISSIONS.filter((each) => !key.permissions.includes(each)) },
    switches: { on: on.map(({ label }) => label), off: off.map(({ label }) => label) },
    ipAllowlist: key.ipAllowlist,
    allowlistLabel: capabilities.allowlistLabel,
    page: capabilities.page,
    findings: generation.findings ?? [],
    alsoDelete: generation.discardedApiKeys ?? [],
    seenDead: generation.deadGroups?.length ?? 0,
    compromised: generation.compromised !== undefined,
    overdue: false,
    owner: key.owner,
  };
}
