import { type Inspection, PEOPLE_ONLY, type Probe, type Venue, type VenueDependencies } from '../../src/ports/venue.ts';
import { manualCapabilities } from './manual/capabilities.ts';
import { httpLooking } from './manual/http-probe.ts';
import { strangersId } from './manual/key-id.ts';
import { jsonAt } from './manual/matcher.ts';
import type { ManualOptions } from './manual/options.ts';
import type { Looking } from './manual/probing.ts';
import { sshLooking } from './manual/ssh-probe.ts';
import { probesBy } from './probes.ts';

/** Any service that takes a public key one made oneself, where people register and delete. What it is like, configuration says. */

/** Opening it asks nobody. Throws `invalid` for a proxy that the probe cannot use. */
export const openManual = (options: ManualOptions, dependencies: VenueDependencies): Venue => ({
  ...probesOf(options, dependencies),
  capabilities: manualCapabilities(options),
  management: PEOPLE_ONLY,
});

function probesOf(options: ManualOptions, dependencies: VenueDependencies): Omit<Venue, 'capabilities' | 'management'> {
  const looking = lookingOf(options, dependencies);
  return probesBy(
    {
      conditions: () => looking.conditions(),
      strangersId: () => strangersId(options.keyId.pattern),
      async probe(credential, http): Promise<Probe> {
        const { answer, body } = await looking.look(credential, http);
        if (answer.kind !== 'accepted') return { answers: [answer], inspection: null };
        const inspection = inspectionOf(options, body ?? '');
        if (inspection !== null) return { answers: [answer], inspection };
        // A switch that is neither on nor off must not pass for one that is off.
        return { answers: [{ ...answer, kind: 'no-information', why: 'unexpected-answer' }], inspection: null };
      },
    },
    dependencies,
  );
}

function lookingOf({ probe, limits }: ManualOptions, dependencies: VenueDependencies): Looking {
  const isTiedToAddresses = limits.allowlistEntries > 0;
  if (probe?.http) return httpLooking(probe.http, dependencies, isTiedToAddresses && !probe.http.refused);
  if (probe?.ssh) return sshLooking(probe.ssh, dependencies, isTiedToAddresses);
  return NO_PROBE;
}

/** Says at every question that there is nothing to ask with. */
const NO_PROBE: Looking = {
  conditions: async () => ({ state: 'trouble', why: 'no-probe', detail: 'keyturn.yaml has no probe for this venue' }),
  look: async () => ({
    answer: { endpoint: '-', kind: 'no-information', why: 'no-probe', status: null, code: null, shape: '' },
    body: null,
  }),
};

/** What the answer to a working key shows of it; null where a switch that it should show is not there. */
function inspectionOf({ switches }: ManualOptions, body: string): Inspection | null {
  const shown = switches.map(({ label, path }) => ({
    field: path ?? label,
    on: path === undefined ? null : jsonAt(body, path),
  }));
  const legible = shown.flatMap(({ field, on }) => (on === null || typeof on === 'boolean' ? [{ field, on }] : []));
  return legible.length < shown.length
    ? null
    : {
        switches: legible,
        allowlistOn: null,
        allowlist: null,
        fingerprint: null,
        createdAt: null,
        expiresAt: null,
        accountUid: null,
        siblings: null,
      };
}
