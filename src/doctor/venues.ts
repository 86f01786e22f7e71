import type { ProbeFacts } from '../core/doctor/facts.ts';
import { type Finding, found, type IdHolder } from '../core/doctor/finding.ts';
import type { Key } from '../core/policy.ts';
import { unfit } from '../core/proof.ts';
import type { Generation, KeyRecord } from '../core/record.ts';
import { explain, isKeyturnError } from '../errors.ts';
import type { Signer } from '../ports/keys.ts';
import type { Venue } from '../ports/venue.ts';
import type { Workspace } from '../workspace.ts';

/** What venues answer to harmless reads. */
export interface VenuesLook {
  findings: Finding[];
  /** Venues that are fit to be asked about keys. */
  fit: ReadonlySet<string>;
}

export async function lookAtVenues({ ports }: Workspace, keys: readonly Key[]): Promise<VenuesLook> {
  const names = [...new Set(keys.map(({ venue }) => venue))];
  const judged = await Promise.all(names.map(async (venue) => ({ venue, trouble: await troubleAt(ports, venue) })));
  return {
    findings: judged.flatMap(({ venue, trouble }) =>
      trouble && trouble.reason !== 'no-probe' ? [found(codeOf(trouble.reason), venue, trouble.message)] : [],
    ),
    fit: new Set(judged.flatMap(({ venue, trouble }) => (trouble ? [] : [venue]))),
  };
}

/** Why a venue is not fit to be asked, one that cannot even be opened included; null where it is. */
async function troubleAt(
  ports: Workspace['ports'],
  venue: string,
): Promise<{ reason: string; message: string } | null> {
  try {
    return unfit(await (await ports.venue(venue)).conditions());
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    return { reason: error.code, message: explain(error) };
  }
}

function codeOf(reason: string): 'clock-skew' | 'venue-maintenance' | 'venue-unreachable' {
  if (reason === 'clock-skew') return 'clock-skew';
  return reason === 'maintenance' ? 'venue-maintenance' : 'venue-unreachable';
}

/** A generation together with what signs for it. */
export interface Held extends IdHolder {
  signer: Signer;
  /** Ids that were handed in for it before. */
  discarded: readonly string[];
  isVerified: boolean;
}

/** Null without a key id. */
export function heldOf(
  key: Key,
  { generation, apiKey, discardedApiKeys, at }: Generation,
  signer: Signer,
): Held | null {
  if (apiKey === undefined) return null;
  const isVerified = at.verified !== undefined;
  return { key: key.id, generation, apiKey, signer, discarded: discardedApiKeys ?? [], isVerified };
}

/** Asks every generation that should be known to the venue once. */
export async function probeAll(
  venue: Venue,
  key: Key,
  record: KeyRecord,
  signers: ReadonlyMap<number, Signer>,
  account: () => Promise<readonly Held[]>,
): Promise<ProbeFacts[]> {
  const probes: ProbeFacts[] = [];
  for (const each of record.generations) {
    const { generation } = each;
    const signer = signers.get(generation);
    const held = signer ? heldOf(key, each, signer) : null;
    if (held === null || each.at.provenDead) continue;
    const probe = await venue.probe(held);
    const isMisplaced = probe.answers.some(({ kind }) => kind === 'bad-signature');
    probes.push({ generation, probe, fitting: isMisplaced ? await fittingId(venue, held, await account()) : null });
  }
  return probes;
}

/** Among the other ids of the account, the one the venue knows with this pair. */
async function fittingId(venue: Venue, held: Held, account: readonly Held[]): Promise<ProbeFacts['fitting']> {
  const fits = async (apiKey: string, { signer }: Held) => (await venue.probe({ apiKey, signer })).inspection !== null;
  for (const { key, generation, apiKey, signer, discarded, isVerified } of account) {
    if (key === held.key && generation === held.generation) continue;
    for (const id of [apiKey, ...discarded]) {
      if (id === held.apiKey || !(await fits(id, held))) continue;
      const other = { key, generation, apiKey: id };
      if (key === held.key) return { ...other, isMovable: false };
      // A discarded id is missed by nobody; one in use is given in exchange only.
      return { ...other, isMovable: id !== apiKey || (!isVerified && (await fits(held.apiKey, { ...held, signer }))) };
    }
  }
  return null;
}
