import { minute } from '../core/instant.ts';
import {
  controlFor,
  countGroups,
  describeAnswer,
  type Group,
  type Judgement,
  judge,
  nextGroupAt,
} from '../core/proof.ts';
import type { Reason } from '../core/reasons.ts';
import { type Generation, hasPrivateHalf, type KeyRecord, rolesOf } from '../core/record.ts';
import type { Probe } from '../ports/venue.ts';
import {
  credentialOf,
  generationOf,
  noted,
  type Step,
  type StepResult,
  saveGeneration,
  sighted,
  type Tools,
} from './step.ts';

/** One probe group and what it means together with those before it. */
export interface Proof {
  group: Group;
  judgement: Judgement;
  /** When groups saw the subject dead, this one included. */
  deadGroups: string[];
  /** Enough of them, far enough apart. */
  isProven: boolean;
}

/** One probe group about a key that should be deleted. */
export const prove: Step = async (tools, record, number) => {
  const { judgement, deadGroups, isProven } = await gatherProof(tools, record, number);
  return isProven
    ? {
        outcome: 'done',
        reason: 'proven-dead',
        verdict: 'dead',
        message: `generation ${number} is dead: ${grounds(judgement, deadGroups)}`,
      }
    : resultOf(tools, { ...generationOf(record, number), deadGroups }, judgement);
};

/** Why a proven key is dead, for people. */
export const grounds = ({ isDefinitive, message }: Judgement, deadGroups: readonly string[]): string =>
  isDefinitive
    ? message
    : `${deadGroups.length} probe group${deadGroups.length === 1 ? '' : 's'} saw the venue refuse it as a key it does not know`;

/** Probes and records what it shows, if that is new. */
export async function gatherProof(tools: Tools, record: KeyRecord, number: number): Promise<Proof> {
  const subject = generationOf(record, number);
  const group = await probeGroup(tools, record, subject);
  const judgement = judge(group, subject.baseline);
  const deadGroups = countGroups(subject, judgement, tools.clock.now(), tools.proof);
  const isProven = deadGroups.length >= tools.proof.groups || judgement.isDefinitive === true;
  const proof = { group, judgement, deadGroups, isProven };
  if (isNews(subject, proof)) await saveGeneration(tools, record, withProof(tools, record, subject, proof));
  return proof;
}

const NOT_ASKED: Probe = { answers: [], inspection: null };

async function probeGroup(tools: Tools, record: KeyRecord, subject: Generation): Promise<Group> {
  const { venue } = tools;
  const conditions = await venue.conditions();
  // Nothing that such a venue says of keys would count, and waiting for it to say nothing takes long.
  if (conditions.state === 'trouble')
    return { conditions, positive: null, negative: NOT_ASKED, subject: NOT_ASKED, list: null };
  const control = controlFor(rolesOf(record), subject);
  const positive = control && {
    generation: control.generation,
    probe: await venue.probe(await credentialOf(tools, control)),
  };
  return {
    conditions,
    positive,
    negative: await venue.probeStranger(),
    subject: hasPrivateHalf(subject) ? await venue.probe(await credentialOf(tools, subject)) : null,
    list: await listedOf(tools, subject, control, positive?.probe ?? null),
  };
}

async function listedOf(
  { key, venue }: Tools,
  subject: Generation,
  control: Generation | null,
  probe: Probe | null,
): Promise<Group['list']> {
  const listing = await venue.management.list?.(key.account);
  const keys = listing?.state === 'listed' ? listing.keys : probe?.inspection?.siblings;
  if (!keys) return null;
  const has = (apiKey: string | undefined) => keys.some((each) => each.apiKey === apiKey);
  return { subject: has(subject.apiKey), control: control && has(control.apiKey) };
}

function resultOf({ proof }: Tools, subject: Generation, { verdict, reason, message }: Judgement): StepResult {
  const { generation, deadGroups } = subject;
  if (verdict === 'dead') {
    const confirmAt = nextGroupAt(subject, proof);
    return {
      outcome: 'waiting',
      reason,
      verdict,
      message: `generation ${generation}: ${message}, seen ${deadGroups?.length} of ${proof.groups} times; to be confirmed${confirmAt ? ` from ${minute(confirmAt)} on` : ''}`,
    };
  }
  const outcome = verdict === 'inconclusive' && !WAITS_FOR_PEOPLE.has(reason) ? 'failed' : 'waiting';
  return { outcome, reason, verdict, message: `generation ${generation}: ${message}` };
}

/** Inconclusive, but nothing is broken: a person or a later pass ends it. */
const WAITS_FOR_PEOPLE: ReadonlySet<Reason> = new Set([
  'still-known',
  'signature-refused',
  'no-baseline',
  'no-live-control',
  'like-baseline',
  'controls-alike',
  'still-listed',
  'no-private-half',
  'no-probe',
]);

const isNews = ({ probe, deadGroups = [] }: Generation, { judgement, deadGroups: counted }: Proof): boolean =>
  probe?.verdict !== judgement.verdict || probe.reason !== judgement.reason || deadGroups.length !== counted.length;

function withProof(
  tools: Tools,
  record: KeyRecord,
  subject: Generation,
  { group, judgement, deadGroups, isProven }: Proof,
): Generation {
  const now = tools.clock.now().toISOString();
  const { verdict, reason } = judgement;
  const judged: Generation = {
    ...subject,
    deadGroups,
    probe: { at: now, verdict, reason },
    at: isProven ? { ...subject.at, provenDead: now } : subject.at,
  };
  const controls = controlsOf(group);
  const probed = sighted(tools, record, judged, 'probed', { verdict, reason, ...controls });
  if (!isProven) return probed;
  // After many probes one more is not added; but a proof never stands without its controls.
  const unseen = probed === judged ? controls : {};
  return noted(tools, probed, 'proven-dead', { groups: deadGroups, ...unseen });
}

/** The controls of a group, and its subject, as evidence and people read them. */
export function controlsOf({ conditions, positive, negative, subject, list }: Group) {
  const answers = (probe: Probe | null) => probe?.answers.map(describeAnswer) ?? ['not probed'];
  return {
    ...(conditions.state === 'normal'
      ? { clockOffsetMs: conditions.clockOffsetMs ?? 'unknown' }
      : { venue: conditions.why }),
    ...(positive ? { positive: [`generation ${positive.generation}`, ...answers(positive.probe)] } : {}),
    negative: answers(negative),
    subject: answers(subject),
    ...(list ? { list: list.subject ? 'has it' : 'does not have it' } : {}),
  };
}
