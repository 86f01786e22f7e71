import type { Judgement, Verdict } from '../core/proof.ts';
import { type Generation, type KeyRecord, rolesOf } from '../core/record.ts';
import { explain, isKeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readRecord } from '../records.ts';
import { controlsOf, gatherProof, grounds } from '../steps/prove.ts';
import { generationOf, probeAlone, type Tools } from '../steps/step.ts';
import { gatherVerification } from '../steps/verify.ts';
import { table } from '../terminal.ts';
import { keyToActOn } from '../uncovered.ts';
import { actor, openWorkspace, toolsFor, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface VerifyOptions extends WorkspaceOptions {
  output: 'text' | 'json';
  key?: string | undefined;
}

type Role = 'current' | 'next' | 'previous';

interface Probed extends Judgement {
  role: Role;
  generation: number;
  /** What the other keys of a probe group answered. */
  controls?: Record<string, string | number | string[]>;
}

interface Verified {
  key: string;
  probes: Probed[];
  error: string | null;
}

/** Probes every live key now. What a probe proves is recorded, as a pass would; nothing is promoted, asked or destroyed. */
export async function verify(options: VerifyOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const keys = options.key === undefined ? workspace.keys : [await keyToActOn(workspace, options.key)];
  const verified: Verified[] = [];
  for (const key of keys) {
    io.terminal.progress(`${key.id}: probing`);
    try {
      verified.push({ key: key.id, probes: await probeAll(await toolsFor(workspace, key, actor())), error: null });
    } catch (error) {
      if (!isKeyturnError(error)) throw error;
      verified.push({ key: key.id, probes: [], error: explain(error) });
    }
  }
  io.terminal.progress(null);
  if (options.output === 'json') printJson(io, { keys: verified });
  else io.stdout.write(verifyText(verified, io));
  return verified.some(isTroubling) ? EXIT.FAILED : EXIT.OK;
}

/** A current key that was not seen alive may be an outage. */
const isTroubling = ({ error, probes }: Verified): boolean =>
  error !== null ||
  probes.some(({ role, verdict, reason }) => role === 'current' && verdict !== 'alive' && reason !== 'no-probe');

async function probeAll(tools: Tools): Promise<Probed[]> {
  const record = await readRecord(tools.store, tools.key.storedAs);
  if (record === null) return [];
  const { current, next, previous } = rolesOf(record);
  const roles: [Role, Generation][] = [
    ...previous.map((each): [Role, Generation] => ['previous', each]),
    ...(next ? [['next', next] as [Role, Generation]] : []),
    ...(current ? [['current', current] as [Role, Generation]] : []),
  ];
  const probes: Probed[] = [];
  for (const [role, { generation, apiKey }] of roles) {
    if (apiKey !== undefined)
      probes.push({ role, generation, ...(await probeOne(tools, await freshRecord(tools, record), role, generation)) });
  }
  return probes.reverse();
}

/** A probe before may have been recorded. */
const freshRecord = async ({ store, key }: Tools, known: KeyRecord): Promise<KeyRecord> =>
  (await readRecord(store, key.storedAs)) ?? known;

async function probeOne(
  tools: Tools,
  record: KeyRecord,
  role: Role,
  number: number,
): Promise<Judgement & Pick<Probed, 'controls'>> {
  const generation = generationOf(record, number);
  if (generation.at.provenDead)
    return { verdict: 'dead', reason: 'proven-dead', message: `proven dead at ${generation.at.provenDead}` };
  if (generation.at.deletionAsked) return probeDeleted(tools, record, number);
  return role === 'next' ? probeNext(tools, record, number) : probeAlone(tools, generation);
}

async function probeDeleted(
  tools: Tools,
  record: KeyRecord,
  number: number,
): Promise<Judgement & Pick<Probed, 'controls'>> {
  const { group, judgement, deadGroups, isProven } = await gatherProof(tools, record, number);
  const controls = controlsOf(group);
  if (isProven)
    return {
      verdict: 'dead',
      reason: 'proven-dead',
      message: grounds(judgement, deadGroups),
      controls,
    };
  const verdict: Verdict = judgement.verdict === 'dead' ? 'inconclusive' : judgement.verdict;
  const confirming =
    judgement.verdict === 'dead' ? `; seen ${deadGroups.length} of ${tools.proof.groups} times, to be confirmed` : '';
  return { verdict, reason: judgement.reason, message: `${judgement.message}${confirming}`, controls };
}

async function probeNext(tools: Tools, record: KeyRecord, number: number): Promise<Judgement> {
  const { trouble, isAlive, findings, message } = await gatherVerification(tools, record, number);
  if (trouble) return trouble;
  return {
    verdict: isAlive ? 'alive' : 'inconclusive',
    reason: findings.length > 0 ? 'fix-needed' : 'verified',
    message,
  };
}

function verifyText(verified: readonly Verified[], io: CommandIo): string {
  const rows = verified.flatMap(({ key, probes }) =>
    probes.map(({ role, generation, verdict, message }) => [key, role, `${generation}`, verdict, message]),
  );
  const controls = verified.flatMap(({ key, probes }) =>
    probes.flatMap((probe) =>
      probe.controls
        ? [
            `\n${key}, generation ${probe.generation}, probe group:`,
            ...Object.entries(probe.controls).map(
              ([name, value]) => `  ${name}: ${Array.isArray(value) ? value.join('; ') : value}`,
            ),
          ]
        : [],
    ),
  );
  const failures = verified.flatMap(({ key, error }) => (error ? [`failed  ${key}  ${error}`] : []));
  const head =
    rows.length === 0 && failures.length === 0
      ? ['no key has been registered yet, nothing to probe']
      : rows.length === 0
        ? []
        : [table([['KEY', 'ROLE', 'GEN', 'VERDICT', 'WHY'], ...rows], io.terminal).trimEnd()];
  return `${[...head, ...controls, ...failures].join('\n')}\n`;
}
