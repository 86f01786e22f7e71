import type { Probe } from '../core/probe.ts';
import { describeAnswer, type Judgement, judgeAlone } from '../core/proof.ts';
import type { Reason } from '../core/reasons.ts';
import { type Finding, type Generation, type KeyRecord, withGeneration } from '../core/record.ts';
import {
  type AllowlistProof,
  allowlistProof,
  findingsOf,
  inseparable,
  unprovenOf,
  uselessPermission,
} from '../core/verification.ts';
import { readRecord } from '../records.ts';
import {
  credentialOf,
  doubtAboutVenue,
  generationOf,
  type Step,
  save,
  saveGeneration,
  sighted,
  type Tools,
} from './step.ts';

/** What a verification showed. */
export interface Verification {
  /** Why the answers say nothing about the key; null when they do. */
  trouble: Judgement | null;
  /** Whether the venue accepted the key at all. */
  isAlive: boolean;
  findings: Finding[];
  message: string;
}

/** Has the next key sign a harmless read, and compares what it may do with what its purpose wants. */
export const verify: Step = async (tools, record, number) => {
  const first = await gatherVerification(tools, record, number);
  const { trouble, isAlive, findings, message } = (await mendByApi(tools, record, number, first))
    ? await again(tools, number)
    : first;
  if (trouble) return { outcome: 'failed', reason: trouble.reason, verdict: trouble.verdict, message };
  const verdict = isAlive ? 'alive' : 'inconclusive';
  return findings.length > 0
    ? { outcome: 'waiting', reason: 'fix-needed', verdict, message }
    : { outcome: 'done', reason: 'verified', verdict, message };
};

/** Where the venue lets keyturn set them, wrong switches and a missing allowlist are no task for a person. */
async function mendByApi(
  tools: Tools,
  record: KeyRecord,
  number: number,
  { findings }: Verification,
): Promise<boolean> {
  const { configure } = tools.venue.management;
  const { apiKey } = generationOf(record, number);
  if (configure === null || apiKey === undefined || !findings.some(({ code }) => MENDABLE.has(code))) return false;
  return (await configure(apiKey, tools.key)).outcome === 'changed';
}

const MENDABLE: ReadonlySet<string> = new Set([
  'permission-missing',
  'permission-excess',
  'allowlist-off',
  'allowlist-differs',
  'allowlist-open',
]);

async function again(tools: Tools, number: number): Promise<Verification> {
  const record = await readRecord(tools.store, tools.key.storedAs);
  if (record === null) throw new Error(`the record of ${tools.key.id} is gone`);
  return gatherVerification(tools, record, number);
}

/** Probes and records what it shows, if that is new. */
export async function gatherVerification(tools: Tools, record: KeyRecord, number: number): Promise<Verification> {
  const { key, venue } = tools;
  const next = generationOf(record, number);
  const answered = await probeOf(tools, next);
  if ('trouble' in answered && answered.trouble.reason === 'no-probe') return takenOnWord(tools, record, next);
  if ('trouble' in answered) return { ...answered, isAlive: false, findings: [], message: answered.trouble.message };
  const { probe, outside } = answered;
  const isAlive = probe.inspection !== null;
  const expectation = {
    key,
    capabilities: venue.capabilities,
    accountUid: record.accountUid ?? null,
    fingerprint: next.fingerprint ?? null,
  };
  const shown = findingsOf(probe, outside, expectation);
  const findings = shown.length > 0 ? shown : await uselessIn(tools, next);
  if (findings.length > 0) {
    if (haveChanged(next.findings, findings))
      await saveGeneration(tools, record, withFindings(tools, record, next, findings, probe));
    return {
      trouble: null,
      isAlive,
      findings,
      message: `generation ${number} is not promoted yet: ${findings.map((each) => each.message).join('; ')}`,
    };
  }
  const unproven = probe.inspection ? unprovenOf(probe.inspection, expectation, outside) : [];
  const verified = withGeneration(record, proven(tools, record, next, probe, outside, unproven));
  const accountUid = record.accountUid ?? probe.inspection?.accountUid;
  await save(tools, record, accountUid ? { ...verified, accountUid } : verified);
  return {
    trouble: null,
    isAlive,
    findings,
    message:
      unproven.length > 0
        ? `generation ${number} works; unproven, because the venue does not show it: ${unproven.join(', ')}`
        : `generation ${number} works with exactly ${key.permissions.join(' + ')}${inseparableNote(tools)}${allowlistNote(tools, allowlistProof(probe.inspection, outside))}`,
  };
}

/** Where there is no probe, nobody can do better than believe the person who registered it; the overlap is the test. */
async function takenOnWord(tools: Tools, record: KeyRecord, next: Generation): Promise<Verification> {
  const now = tools.clock.now().toISOString();
  const at = { ...next.at, verified: next.at.verified ?? now, checked: now };
  await saveGeneration(tools, record, sighted(tools, record, { ...next, at }, 'taken-on-word'));
  const message = `generation ${next.generation} is taken on the word of whoever registered it: the venue has no probe, so that it works is unproven`;
  return { trouble: null, isAlive: false, findings: [], message };
}

/** Switches may be on without effect: a key may be older than what it is to be used for. */
async function uselessIn(tools: Tools, next: Generation): Promise<Finding[]> {
  const refused = await tools.venue.refusedUses(await credentialOf(tools, next), tools.key.permissions);
  return refused.map(({ message }) => uselessPermission(message));
}

async function probeOf(
  tools: Tools,
  next: Generation,
): Promise<{ probe: Probe; outside: Probe | null } | { trouble: Judgement }> {
  const { key, venue } = tools;
  const doubt = await doubtAboutVenue(tools);
  if (doubt) return { trouble: doubt };
  const credential = await credentialOf(tools, next);
  const probe = await venue.probe(credential);
  const judgement = judgeAlone(probe);
  if (judgement.verdict !== 'alive' && !IS_FOR_PEOPLE.has(judgement.reason)) return { trouble: judgement };
  const isWorthTrying = probe.inspection !== null && key.ipAllowlist.length > 0;
  return { probe, outside: isWorthTrying ? await venue.probeOutside(credential) : null };
}

/** Refusals that a person can mend, which findings put into words. */
const IS_FOR_PEOPLE: ReadonlySet<Reason> = new Set(['refused', 'signature-refused']);

const haveChanged = (before: Finding[] | undefined, now: Finding[]): boolean =>
  JSON.stringify(before) !== JSON.stringify(now);

function withFindings(
  tools: Tools,
  record: KeyRecord,
  next: Generation,
  findings: Finding[],
  probe: Probe,
): Generation {
  const changed = { ...next, findings, findingsSince: next.findingsSince ?? tools.clock.now().toISOString() };
  return sighted(tools, record, changed, 'not-as-it-should-be', {
    findings: findings.map(({ message }) => message),
    answers: probe.answers.map(describeAnswer),
  });
}

function proven(
  tools: Tools,
  record: KeyRecord,
  next: Generation,
  probe: Probe,
  outside: Probe | null,
  unproven: readonly string[],
): Generation {
  const now = tools.clock.now().toISOString();
  const answers = probe.answers.map(describeAnswer);
  const { findings: _mended, findingsSince: _since, ...rest } = next;
  const created = probe.inspection?.createdAt;
  const proof = allowlistProof(probe.inspection, outside);
  const verified: Generation = {
    ...rest,
    at: { ...next.at, ...(created ? { created } : {}), verified: next.at.verified ?? now, checked: now },
    allowlist: proof === 'unproven' ? 'unproven' : 'proven',
    baseline: { at: now, answers },
  };
  return sighted(tools, record, verified, 'verified', {
    answers,
    allowlist: proof,
    ...(unproven.length > 0 ? { unproven: [...unproven] } : {}),
  });
}

function inseparableNote({ key, venue: { capabilities } }: Tools): string {
  const beyond = inseparable(key, capabilities);
  return beyond.length === 0
    ? ''
    : ` (and ${beyond.join(', ')}, which ${capabilities.title} does not separate from it)`;
}

/** Some venues do not show the list of addresses; what was not seen refused is said to be unproven. */
const ALLOWLIST_NOTES: Record<AllowlistProof, string> = {
  shown: ', and the venue shows exactly its allowlist',
  'refused-outside': ', refused from outside its allowlist',
  unproven: '; its allowlist is on, which addresses it holds is unproven',
};

const allowlistNote = ({ key }: Tools, proof: AllowlistProof): string =>
  key.ipAllowlist.length === 0 ? '' : ALLOWLIST_NOTES[proof];
