import * as z from 'zod/mini';
import { KeyturnError } from '../../src/errors.ts';
import {
  type Changed,
  type Credential,
  type Inspection,
  PEOPLE_ONLY,
  type Probe,
  type Removal,
  type Venue,
  type VenueDependencies,
} from '../../src/ports/venue.ts';
import type { HttpClient } from '../http.ts';
import { bybitCapabilities, switchesIn } from './bybit/capabilities.ts';
import { type BybitClient, bybitClient } from './bybit/client.ts';
import type { BybitOptions } from './bybit/options.ts';
import { LETTERS_AND_DIGITS, probesBy, randomText } from './probes.ts';
import { fingerprintOrNull } from './public-key.ts';

/** A Bybit account: keys show everything about themselves, and may delete themselves. Opening it asks nobody. */
export function openBybit(options: BybitOptions, dependencies: VenueDependencies): Venue {
  const client = bybitClient(options.baseUrl, dependencies);
  return {
    ...probesBy(
      {
        conditions: () => client.conditions(),
        probe: (credential, http) => probe(client, credential, http),
        strangersId: () => randomText(18, LETTERS_AND_DIGITS),
      },
      dependencies,
    ),
    capabilities: bybitCapabilities(options),
    management: { ...PEOPLE_ONLY, remove: (_account, subject) => removeItself(client, subject) },
  };
}

const Instant = z.pipe(
  z.iso.datetime({ offset: true }),
  z.transform((text) => new Date(text).toISOString()),
);

/** [Y-QUERY]: `*` is a key that is tied to no address; `deadlineDay` is negative for one that does not end. */
const Information = z.object({
  readOnly: z.literal([0, 1]),
  permissions: z.record(z.string(), z.array(z.string())),
  ips: z.array(z.string()),
  deadlineDay: z.nullish(z.number()),
  expiredAt: z.catch(z.nullish(Instant), null),
  createdAt: z.catch(z.nullish(Instant), null),
  userID: z.union([z.int(), z.string()]),
  rsaPublicKey: z.nullish(z.string()),
});

const QUERY_API = { method: 'GET', path: '/v5/user/query-api', schema: Information } as const;

async function probe(client: BybitClient, credential: Credential, http?: HttpClient): Promise<Probe> {
  const { answer, body } = await client.signed(QUERY_API, credential, http);
  return { answers: [answer], inspection: body && inspectionOf(body) };
}

function inspectionOf(information: z.infer<typeof Information>): Inspection {
  const { readOnly, permissions, ips, deadlineDay, expiredAt, createdAt, userID, rsaPublicKey } = information;
  const allowlist = ips.filter((each) => each !== '*');
  return {
    switches: switchesIn(permissions, readOnly === 1),
    allowlistOn: allowlist.length > 0 && allowlist.length === ips.length,
    allowlist,
    // In which form Bybit returns it is UNVERIFIED: what is no public key is not compared.
    fingerprint: fingerprintOrNull(rsaPublicKey),
    createdAt: createdAt ?? null,
    expiresAt: (deadlineDay ?? -1) >= 0 ? (expiredAt ?? null) : null,
    accountUid: `${userID}`,
    siblings: null,
  };
}

const DELETE_API = { method: 'POST', path: '/v5/user/delete-api', schema: z.unknown() } as const;
const PERMISSION_DENIED = 10005;

/** Only the key itself can delete itself, and only where it holds a wallet permission [Y-USER]. */
async function removeItself(client: BybitClient, { credential }: Removal): Promise<Changed | { outcome: 'absent' }> {
  if (credential === null)
    return { outcome: 'refused', message: 'only the key itself could, and its private half is not in the store' };
  const { answer, detail } = await client.signed(DELETE_API, await credential());
  if (answer.kind === 'accepted') return { outcome: 'changed' };
  if (answer.kind === 'unknown-key') return { outcome: 'absent' };
  if (answer.code === PERMISSION_DENIED) {
    return {
      outcome: 'refused',
      message: 'a key may delete itself only with a wallet permission, which this one lacks',
    };
  }
  if (answer.kind === 'refused' || answer.kind === 'bad-signature') return { outcome: 'refused', message: detail };
  throw new KeyturnError('unavailable', `deleting: the venue gave no usable answer (${detail})`, {
    hint: 'whether it took effect is looked up by the next run',
    ambiguous: true,
  });
}
