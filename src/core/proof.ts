import { formatDuration } from './duration.ts';
import type { Answer, Conditions, NoInformation, Probe } from './probe.ts';
import type { Reason } from './reasons.ts';
import type { Generation, Roles } from './record.ts';

/**
 * Whether a key is dead. A venue that refuses a key does not say why, so one refusal proves nothing. A probe group asks,
 * within seconds and from one place: the venue's clock and status, a key that must work (positive control), a random key
 * the venue cannot know (negative control), and the key in question (subject).
 *
 * Where the negative control is accepted, something in between answers for the venue, and nothing it says counts.
 *
 * `dead` needs all of: the positive control alive; the negative control answered as only unknown keys are; the subject
 * answered exactly like the negative control and unlike its own baseline; and that in several groups apart in time.
 */

export type Verdict = 'alive' | 'dead' | 'inconclusive';

export interface Group {
  conditions: Conditions;
  /** Null while no key is known to work. */
  positive: { generation: number; probe: Probe } | null;
  negative: Probe;
  /** Null where the store does not have its private half. */
  subject: Probe | null;
  /** Whether the account's list of keys has the subject, and the positive control (null: there is none). Null where it cannot be listed. */
  list: { subject: boolean; control: boolean | null } | null;
}

export interface Judgement {
  /** `dead` here means: seen dead by this group. */
  verdict: Verdict;
  reason: Reason;
  message: string;
  /** The venue's own list says so: one group is enough. */
  isDefinitive?: true;
}

/** How many groups a proof needs, and how many seconds must lie between them. */
export interface ProofRule {
  groups: number;
  apart: number;
}

/** Beyond this, evidence with our times and theirs would not fit together, and nothing irreversible may follow from it. */
const MAX_CLOCK_OFFSET_MS = 60_000;

/** One answer as evidence keeps it: `/sapi/… 400 -2008 unknown-key (message shape)`. */
export const describeAnswer = ({ endpoint, status, code, kind, why, shape }: Answer): string =>
  [endpoint, status ?? '-', code ?? '-', why ?? kind, ...(shape === '' ? [] : [`(${shape})`])].join(' ');

const works = (probe: Probe): boolean =>
  probe.answers.length > 0 && probe.answers.every(({ kind }) => kind === 'accepted');

const isAcceptedAnywhere = (probe: Probe): boolean => probe.answers.some(({ kind }) => kind === 'accepted');

/** The first answer that says nothing about the key. */
const troubleIn = (probe: Probe): Answer | null => probe.answers.find(({ kind }) => kind === 'no-information') ?? null;

const alike = (a: Probe, b: Probe): boolean =>
  a.answers.length === b.answers.length && a.answers.every((answer, i) => sameAnswer(answer, b.answers[i]));

const sameAnswer = (a: Answer, b: Answer | undefined): boolean =>
  b !== undefined && a.endpoint === b.endpoint && a.status === b.status && a.code === b.code && a.shape === b.shape;

const TROUBLE: Record<NoInformation, string> = {
  network: 'it could not be reached; check address, proxy and network from this machine',
  timeout: 'it did not answer in time; try again, and check the network if it stays so',
  'unexpected-answer': 'the answer was not one of its API; check baseUrl, and for a proxy or a login page in between',
  'server-error': 'it reported an internal error; wait',
  maintenance: 'it is under maintenance; wait',
  'rate-limited': 'it limits the rate of requests; wait',
  banned: 'it has banned this address for a while; wait, and look for what else sends requests from here',
  blocked: 'its firewall blocked the request; check what else sends requests from this address',
  'clock-skew': 'the clocks differ; set this machine’s clock (NTP)',
  'second-factor':
    'it wants a second factor for this call, which only a person has; let the account do without one for reading its keys',
  'other-server':
    'it showed another host key than the one pinned in keyturn.yaml; find out whether the server or the way to it was changed',
  'no-probe': 'keyturn.yaml has no probe for it, so nobody but people can look',
  'malformed-key-id': 'the stored key id is not one it could have issued; hand the right one in with keyturn register',
};

const wait = (seconds: number | undefined): string =>
  seconds === undefined ? '' : ` (asked to wait ${formatDuration(seconds)})`;

const troubleMessage = (why: NoInformation, retryAfter?: number): string =>
  `the venue gave no usable answer: ${TROUBLE[why]}${wait(retryAfter)}`;

const inconclusive = (reason: Reason, message: string): Judgement => ({ verdict: 'inconclusive', reason, message });

const fromTrouble = (why: NoInformation, retryAfter?: number): Judgement =>
  inconclusive(why, troubleMessage(why, retryAfter));

/** Why the venue is not fit to be asked now; null when it is. */
export function unfit(conditions: Conditions): Judgement | null {
  if (conditions.state === 'trouble') return fromTrouble(conditions.why, conditions.retryAfter);
  const { clockOffsetMs } = conditions;
  // A server that shows no time is asked with nothing that depends on it.
  const offset = Math.abs(clockOffsetMs ?? 0);
  if (clockOffsetMs === null || offset <= MAX_CLOCK_OFFSET_MS) return null;
  const direction = clockOffsetMs > 0 ? 'behind' : 'ahead of';
  return inconclusive(
    'clock-skew',
    `this machine’s clock is ${formatDuration(Math.round(offset / 1000))} ${direction} the venue’s; set it (NTP), then run again`,
  );
}

/** What one group shows of its subject. */
export function judge(group: Group, baseline: Generation['baseline']): Judgement {
  const unreal = strangerAccepted(group.negative);
  if (unreal) return unreal;
  const { subject } = group;
  if (subject && isAcceptedAnywhere(subject)) {
    return { verdict: 'alive', reason: 'still-works', message: 'the venue still accepts it' };
  }
  const spoken = unfit(group.conditions) ?? listSpeaks(group);
  if (spoken) return spoken;
  if (subject === null) return withoutPrivateHalf;
  return (
    controlsFail(group) ??
    subjectSaysNothing(subject) ??
    subjectIsStillKnown(subject, group) ??
    baselineIsMissing(subject, baseline) ?? {
      verdict: 'dead',
      reason: 'seen-dead',
      message: 'the venue answers as for a key it does not know',
    }
  );
}

/** Why a probe says nothing of its key; null when it does say something. */
export function troubleOf(probe: Probe): Judgement | null {
  const trouble = troubleIn(probe);
  return trouble?.why ? fromTrouble(trouble.why, trouble.retryAfter) : null;
}

/** Why accepting means nothing now; null when it does mean something. */
export function strangerAccepted(negative: Probe): Judgement | null {
  if (!isAcceptedAnywhere(negative)) return null;
  return inconclusive(
    'stranger-accepted',
    'a key that cannot exist was accepted, so acceptance says nothing; look for a proxy or cache between this machine and the venue',
  );
}

/** What a single key's answers say of it, when the venue is fit to be asked and turns strangers away. */
export function judgeAlone(probe: Probe): Judgement {
  const trouble = troubleOf(probe);
  if (trouble) return trouble;
  if (works(probe)) return { verdict: 'alive', reason: 'works', message: 'a signed read succeeded' };
  if (isAcceptedAnywhere(probe)) {
    return inconclusive('contradictory', 'the venue accepts it at one endpoint and refuses it at another; run again');
  }
  const kinds = new Set(probe.answers.map(({ kind }) => kind));
  if (kinds.has('bad-signature')) {
    return inconclusive('signature-refused', 'the venue knows its key id, but with another public key');
  }
  const why = kinds.has('unknown-key')
    ? 'the venue does not know its key id: it was deleted, or created again under another id'
    : 'the venue refuses it without saying why: disabled, not enabled for reading, or this machine’s address is not on its list';
  return inconclusive('refused', `${why} (${probe.answers.map(describeAnswer).join(', ')})`);
}

export const withoutPrivateHalf: Judgement = inconclusive(
  'no-private-half',
  'its private half is not in the store, so it cannot be probed: compare with the venue’s key list',
);

/**
 * A list that has a key that must be there, and not the subject, is definitive. The list of another account would lack the
 * subject, too; without a control to tell, the subject must be refused as keys are that the venue does not know.
 */
function listSpeaks({ list, subject, negative }: Group): Judgement | null {
  if (list === null) return null;
  if (list.subject) {
    return inconclusive('still-listed', 'the venue lists it among the keys of the account: it was not deleted');
  }
  if (list.control === false) {
    return inconclusive(
      'list-incomplete',
      'the venue’s list of keys lacks the one that must work, too; check that the managing key belongs to the same account',
    );
  }
  const isDoubtful = subject !== null && subjectSaysNothing(subject) !== null;
  const isUnknown = subject !== null && isToldApart(negative) && alike(subject, negative);
  if (isDoubtful || (list.control === null && !isUnknown)) return null;
  return {
    verdict: 'dead',
    reason: 'not-listed',
    message: 'the venue’s list of the account’s keys does not have it any more',
    isDefinitive: true,
  };
}

/** Whether the venue has an answer that only keys get which it does not know. */
const isToldApart = (negative: Probe): boolean => negative.answers.some(({ kind }) => kind === 'unknown-key');

function controlsFail({ positive, negative }: Group): Judgement | null {
  if (positive === null) {
    return inconclusive(
      'no-live-control',
      'no key of this entry is known to work, so a refusal would prove nothing; waits for the next one to be verified',
    );
  }
  const trouble = troubleOf(positive.probe) ?? troubleOf(negative);
  if (trouble) return trouble;
  if (!works(positive.probe)) {
    return inconclusive(
      'control-refused',
      `generation ${positive.generation}, which must work, is refused as well; check its allowlist (this machine’s address must be on it) and its switches; if it was deleted by mistake, keyturn rotate KEY --compromised replaces it`,
    );
  }
  if (!isToldApart(negative)) {
    return inconclusive(
      'controls-alike',
      'the venue answers an unknown key as it answers a refused address, so a deleted key cannot be told from a restricted one now',
    );
  }
  return null;
}

function subjectSaysNothing(subject: Probe): Judgement | null {
  const trouble = troubleOf(subject);
  if (trouble) return trouble;
  if (subject.answers.some(({ kind }) => kind === 'bad-signature')) {
    return inconclusive(
      'signature-refused',
      'the venue knows the key id but not this public key: the key was not deleted',
    );
  }
  return null;
}

function subjectIsStillKnown(subject: Probe, { negative }: Group): Judgement | null {
  if (alike(subject, negative)) return null;
  return inconclusive(
    'still-known',
    'the venue refuses it, but not as a key it does not know: disabled or restricted, not deleted; delete it',
  );
}

function baselineIsMissing(subject: Probe, baseline: Generation['baseline']): Judgement | null {
  if (baseline === undefined) {
    return inconclusive('no-baseline', 'it never answered while alive, so its silence now proves nothing');
  }
  const unchanged = subject.answers.some((answer) => baseline.answers.includes(describeAnswer(answer)));
  return unchanged ? inconclusive('like-baseline', 'it answers as it did while it was alive') : null;
}

/** When the next group may count: at once for the first, `apart` seconds after the last one that saw it dead. */
export function nextGroupAt(generation: Generation, { apart }: ProofRule): Date | null {
  const last = generation.deadGroups?.at(-1);
  return last === undefined ? null : new Date(Date.parse(last) + apart * 1000);
}

/** Groups that count after this judgement. Trouble changes nothing; any sign of life starts anew. */
export function countGroups(generation: Generation, judgement: Judgement, now: Date, rule: ProofRule): string[] {
  const counted = generation.deadGroups ?? [];
  if (judgement.verdict === 'alive' || SIGNS_OF_LIFE.has(judgement.reason)) return [];
  const earliest = nextGroupAt(generation, rule);
  const counts = judgement.verdict === 'dead' && (earliest === null || now >= earliest);
  return counts ? [...counted, now.toISOString()] : counted;
}

const SIGNS_OF_LIFE: ReadonlySet<Reason> = new Set([
  'still-known',
  'still-listed',
  'signature-refused',
  'like-baseline',
]);

/** The generation whose working makes a refusal of `subject` mean something; null while there is none. */
export const controlFor = ({ current, next }: Roles, subject: Generation): Generation | null =>
  [current, next].find(
    (each) => each && each.generation !== subject.generation && each.at.verified && !each.compromised,
  ) ?? null;
