import * as z from 'zod/mini';
import {
  type Credential,
  type Inspection,
  PEOPLE_ONLY,
  type Probe,
  type Venue,
  type VenueDependencies,
} from '../../src/ports/venue.ts';
import type { HttpClient } from '../http.ts';
import { bitgetCapabilities, switchesIn } from './bitget/capabilities.ts';
import { type BitgetClient, bitgetClient } from './bitget/client.ts';
import type { BitgetOptions } from './bitget/options.ts';
import { probesBy, randomText } from './probes.ts';

/** A Bitget main account: people create and delete keys, keys show permissions and addresses. Opening it asks nobody. */
export function openBitget(options: BitgetOptions, dependencies: VenueDependencies): Venue {
  const client = bitgetClient(options, dependencies);
  return {
    ...probesBy(
      {
        conditions: () => client.conditions(),
        probe: (credential, http) => probe(client, credential, http),
        strangersId: () => `bg_${randomText(32, 'abcdef0123456789')}`,
      },
      dependencies,
    ),
    capabilities: bitgetCapabilities(options),
    management: PEOPLE_ONLY,
  };
}

const ACCOUNT = {
  path: '/api/v2/spot/account/info',
  schema: z.object({
    userId: z.string().check(z.minLength(1)),
    /** Addresses apart by commas; empty for a key that is tied to none. */
    ips: z.string(),
    authorities: z.array(z.string()),
  }),
};

async function probe(client: BitgetClient, credential: Credential, http?: HttpClient): Promise<Probe> {
  const { answer, body } = await client.get(ACCOUNT, credential, http);
  return { answers: [answer], inspection: body && inspectionOf(body) };
}

/** `regisTime` is that of the account. */
function inspectionOf({ userId, ips, authorities }: z.infer<typeof ACCOUNT.schema>): Inspection {
  const allowlist = ips.split(/[\s,;]+/).filter((each) => each !== '' && each !== '*');
  return {
    switches: switchesIn(authorities),
    allowlistOn: allowlist.length > 0,
    allowlist,
    fingerprint: null,
    createdAt: null,
    expiresAt: null,
    accountUid: userId,
    siblings: null,
  };
}
