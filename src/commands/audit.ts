import pLimit from 'p-limit';
import {
  type AuditedAccount,
  type AuditedKey,
  type AuditFinding,
  auditAccount,
  auditKey,
  uncoveredFinding,
} from '../core/audit.ts';
import type { Key } from '../core/policy.ts';
import { judgeAlone } from '../core/proof.ts';
import type { Reason } from '../core/reasons.ts';
import { hasPrivateHalf, type KeyRecord, rolesOf } from '../core/record.ts';
import { explain, isKeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { recordToActOn } from '../gather.ts';
import { credentialOf, doubtAboutVenue, type Tools } from '../steps/step.ts';
import { table } from '../terminal.ts';
import { named } from '../uncovered.ts';
import { actor, openWorkspace, toolsFor, type Workspace, type WorkspaceOptions } from '../workspace.ts';
import { type CommandIo, printJson } from './io.ts';

export interface AuditOptions extends WorkspaceOptions {
  output: 'text' | 'json';
  key?: string | undefined;
}

const KEYS_AT_ONCE = 8;

/** Live keys compared with policy. Harmless reads only, and nothing is recorded. */
export async function audit(options: AuditOptions, io: CommandIo): Promise<ExitStatus> {
  const workspace = await openWorkspace(options);
  const { keys, records, failures } = await named(workspace, options.key);
  for (const message of failures) io.stderr.write(`keyturn: ${message}\n`);
  const limit = pLimit(KEYS_AT_ONCE);
  const audited = await limit.map(keys, async (key) => {
    io.terminal.progress(`${key.id}: looking`);
    return lookAt(workspace, key);
  });
  io.terminal.progress(null);
  const unnamed = records.map(({ record }) => record);
  const findings = [
    ...audited.flatMap(auditKey),
    ...(options.key === undefined ? await accountFindings(workspace, audited, unnamed) : []),
    ...unnamed.map(({ key }) => uncoveredFinding(key)),
  ];
  if (options.output === 'json') printJson(io, { keys: keys.length, findings });
  else io.stdout.write(auditText(findings, keys.length, io));
  if (failures.length > 0) return EXIT.FAILED;
  return findings.length > 0 ? EXIT.OVERDUE : EXIT.OK;
}

async function lookAt(workspace: Workspace, key: Key): Promise<AuditedKey> {
  const capabilities = workspace.ports.sources.capabilities(key.venue);
  const now = workspace.clock.now();
  let record: KeyRecord | null = null;
  try {
    const tools = await toolsFor(workspace, key, actor());
    record = await recordToActOn(workspace.ports.sources, tools.store, key);
    return { key, capabilities, record, current: record && (await currentOf(tools, record)), now };
  } catch (error) {
    if (!isKeyturnError(error) || error.code === 'usage') throw error;
    return { key, capabilities, record, current: { unknown: explain(error) }, now };
  }
}

async function currentOf(tools: Tools, record: KeyRecord): Promise<AuditedKey['current']> {
  const { current } = rolesOf(record);
  if (!current || !hasPrivateHalf(current) || current.apiKey === undefined) return null;
  const doubt = await doubtAboutVenue(tools);
  if (doubt) return { unknown: doubt.message };
  const probe = await tools.venue.probe(await credentialOf(tools, current));
  const { verdict, reason, message } = judgeAlone(probe);
  if (verdict === 'alive' && probe.inspection) return { inspection: probe.inspection };
  return ABOUT_THE_KEY.has(reason) ? { refused: message } : { unknown: message };
}

const ABOUT_THE_KEY: ReadonlySet<Reason> = new Set(['refused', 'signature-refused']);

async function accountFindings(
  workspace: Workspace,
  audited: readonly AuditedKey[],
  uncovered: readonly KeyRecord[],
): Promise<AuditFinding[]> {
  const found: AuditFinding[] = [];
  for (const account of new Set(audited.map(({ key }) => key.account))) {
    const keys = audited.filter(({ key }) => key.account === account);
    const [first] = keys;
    if (!first) continue;
    const unread = keys.find(({ record, current }) => record === null && current !== null);
    const listed = unread
      ? { unknown: `the record of ${unread.key.id} could not be read` }
      : await listedIn(workspace, first.key);
    found.push(...auditAccount({ account, keys, uncovered, listed, limit: first.capabilities.limits.keysPerAccount }));
  }
  return found;
}

async function listedIn({ ports }: Workspace, { account, venue }: Key): Promise<AuditedAccount['listed']> {
  try {
    const listing = await (await ports.venue(venue)).management.list?.(account);
    if (listing === undefined) return null;
    return listing.state === 'listed' ? listing.keys : { unknown: listing.detail };
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return { unknown: explain(error) };
  }
}

function auditText(findings: readonly AuditFinding[], keys: number, { terminal }: CommandIo): string {
  const all = `${keys} key${keys === 1 ? '' : 's'} audited`;
  if (findings.length === 0) return `${all}, nothing found\n`;
  const rows = findings.map(({ severity, subject, message, help }) => [severity, subject, `${message}; ${help}`]);
  return `${all}, ${findings.length} finding${findings.length === 1 ? '' : 's'}\n\n${table([['SEVERITY', 'KEY', 'WHAT IS NOT AS IT SHOULD BE'], ...rows], terminal)}`;
}
