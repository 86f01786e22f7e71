import * as z from 'zod/mini';
import { isKeyturnError } from '../../../src/errors.ts';
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

/** Engine, clock and rights. Throws where the server does not serve, does not let in, or has no such engine. */
export async function examine({ session, skew, ...place }: Examined): Promise<StoreFinding[]> {
  const { isStandby } = await assertServing(session);
  const clock = clockFindings(skew());
  await assertKv2(session, place.mount);
  return [
    ...(isStandby ? [STANDBY] : []),
    ...clock,
    ...engineFindings(place.mount, await engineConfig(session, place.mount)),
    ...(await rightsFindings(session, place)),
  ];
}

const STANDBY: StoreFinding = {
  code: 'vault-standby',
  severity: 'warning',
  message: 'the address answers from a standby node, whose reads may lag behind',
  hint: 'let address name the service of the active node, or set disable_standby_reads = true on the servers',
};

function engineFindings(mount: string, config: Awaited<ReturnType<typeof engineConfig>>): StoreFinding[] {
  const { deletesAfter = null, keepsVersions = 0 } = config ?? {};
  return [
    ...(deletesAfter === null
      ? []
      : [{ code: 'vault-deletes-versions', severity: 'error' as const, ...vanishing(mount, deletesAfter) }]),
    ...(keepsVersions === 1
      ? [
          {
            code: 'vault-one-version',
            severity: 'warning' as const,
            message: `the engine at ${mount} keeps one version only, so no record can be looked up as it was`,
            hint: `bao write ${mount}/config max_versions=10`,
          },
        ]
      : []),
  ];
}

const MAY_NOT_ASK: StoreFinding = {
  code: 'vault-right-lacking',
  severity: 'error',
  message: 'the login may not ask what it may do (sys/capabilities-self), so its rights are unknown',
  hint: 'keyturn policy vault prints the rights it needs',
};

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

const Capabilities = z.record(z.string(), z.unknown());
const Held = z.array(z.string());

async function rightsFindings(session: Session, place: Place): Promise<StoreFinding[]> {
  const excess = excessOf(place);
  const held = await capabilitiesOf(session, [...rightsOf('worker', place), ...excess]);
  if (held === null) return [MAY_NOT_ASK];
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

/** Asks about paths of a key that is none, since the question takes no wildcards. Null for a login that may not ask. */
async function capabilitiesOf(
  session: Session,
  rights: readonly Right[],
): Promise<((path: string) => string[]) | null> {
  const sample = ({ path, may }: Pick<Right, 'path' | 'may'>) => {
    const concrete = path.replaceAll('+', '1');
    return may.includes('list') ? `${concrete}/` : concrete;
  };
  const paths = [...new Set(rights.map(sample))];
  const asked = { path: 'sys/capabilities-self', about: 'show our rights', body: { paths } };
  const reply = await session.send(asked).catch((error) => {
    if (isKeyturnError(error, 'denied')) return null;
    throw error;
  });
  if (reply === null) return null;
  const answer = Capabilities.parse(reply.body);
  const held = new Map(rights.map((right) => [right.path, Held.safeParse(answer[sample(right)]).data ?? []]));
  return (path) => held.get(path) ?? [];
}
