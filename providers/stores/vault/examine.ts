import * as z from 'zod';
import { isKeyturnError, type KeyturnError } from '../../../src/errors.ts';
import type { StoreFinding } from '../../../src/ports/store.ts';
import { assertKv2, assertServing, engineConfig, vanishing } from './health.ts';
import { excessOf, type Place, type Right, rightsOf } from './rights.ts';
import type { Session } from './session.ts';

export interface Examined extends Place {
  session: Session;
  /** Seconds the server’s clock is ahead of ours; null before it answered. */
  skew: () => number | null;
}

const MAX_SKEW = 60;

/** Reachability, login, rights, engine and clock. What stands in the way of the rest ends the list. */
export async function examine({ session, skew, ...place }: Examined): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  const { mount } = place;
  try {
    const { isStandby } = await assertServing(session);
    if (isStandby) findings.push(STANDBY);
    findings.push(...clockFindings(skew()));
    await assertKv2(session, mount);
    const config = await engineConfig(session, mount);
    if (config?.deletesAfter)
      findings.push({ code: 'vault-deletes-versions', severity: 'error', ...vanishing(mount, config.deletesAfter) });
    if (config?.keepsVersions === 1) findings.push(oneVersion(mount));
    findings.push(...(await rightsFindings(session, place)));
  } catch (error) {
    if (!isKeyturnError(error)) throw error;
    findings.push(failureFinding(error));
  }
  return findings;
}

const STANDBY: StoreFinding = {
  code: 'vault-standby',
  severity: 'warning',
  message: 'the address answers from a standby node, whose reads may lag behind',
  hint: 'let address name the service of the active node, or set disable_standby_reads = true on the servers',
};

const oneVersion = (mount: string): StoreFinding => ({
  code: 'vault-one-version',
  severity: 'warning',
  message: `the engine at ${mount} keeps one version only, so no record can be looked up as it was`,
  hint: `bao write ${mount}/config max_versions=10`,
});

function clockFindings(skew: number | null): StoreFinding[] {
  if (skew === null || Math.abs(skew) <= MAX_SKEW) return [];
  return [
    {
      code: 'vault-clock',
      severity: 'error',
      message: `the clock of Vault is ${Math.abs(Math.round(skew))} s ${skew > 0 ? 'ahead of' : 'behind'} ours`,
      hint: 'set both clocks by NTP: dates of records and claims depend on them',
    },
  ];
}

const CODES: Partial<Record<KeyturnError['code'], string>> = {
  denied: 'vault-denied',
  unavailable: 'vault-unavailable',
  throttled: 'vault-unavailable',
  unsupported: 'vault-unfit',
};

const failureFinding = ({ code, message, hint }: KeyturnError): StoreFinding => ({
  code: CODES[code] ?? 'vault-unusable',
  severity: 'error',
  message,
  hint: hint ?? 'run again',
});

const Capabilities = z.record(z.string(), z.unknown());
const Held = z.array(z.string());

async function rightsFindings(session: Session, place: Place): Promise<StoreFinding[]> {
  const excess = excessOf(place);
  const held = await capabilitiesOf(session, [...rightsOf('worker', place), ...excess]);
  const lacks = ({ path, may }: Right) =>
    may.filter((each) => !held(path).some((has) => has === each || has === 'root'));
  // A login that may not write records is one for planning, and needs no more than that.
  const isWorker = lacks(recordRight(place)).length === 0;
  const lacking = rightsOf(isWorker ? 'worker' : 'planner', place).filter((right) => lacks(right).length > 0);
  const tooMany = excess.filter((right) => lacks(right).length < right.may.length);
  return [
    ...lacking.map(
      (right): StoreFinding => ({
        code: 'vault-right-lacking',
        severity: 'error',
        message: `the login may not ${lacks(right).join(', ')} at ${right.path} (${right.why})`,
        hint: `keyturn policy vault --role ${isWorker ? 'worker' : 'planner'} prints the rights it needs`,
      }),
    ),
    ...tooMany.map(
      ({ path, why }): StoreFinding => ({
        code: 'vault-right-excess',
        severity: 'warning',
        message: `the login may ${why} (${path})`,
        hint: 'give it the policy that keyturn policy vault prints and no other one',
      }),
    ),
  ];
}

const recordRight = ({ mount, prefix }: Place): Right => ({
  path: `${mount}/data/${prefix}/+/+/record`,
  may: ['create'],
  why: '',
});

/** Asks about paths of a key that is none, since the question takes no wildcards. */
async function capabilitiesOf(session: Session, rights: readonly Right[]): Promise<(path: string) => string[]> {
  const sample = ({ path, may }: Pick<Right, 'path' | 'may'>) => {
    const concrete = path.replaceAll('+', '1');
    return may.includes('list') ? `${concrete}/` : concrete;
  };
  const paths = [...new Set(rights.map(sample))];
  const { body } = await session.send({ path: 'sys/capabilities-self', about: 'show our rights', body: { paths } });
  const answer = Capabilities.parse(body);
  const held = new Map(rights.map((right) => [right.path, Held.safeParse(answer[sample(right)]).data ?? []]));
  return (path) => held.get(path) ?? [];
}
