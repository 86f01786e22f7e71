import { z } from 'zod';
import {
  type Credential,
  PEOPLE_ONLY,
  type Probe,
  type Venue,
  type VenueCapabilities,
  type VenueDependencies,
} from '../../src/ports/venue.ts';
import type { HttpClient } from '../http.ts';
import { inspectionOf, LIST, WHOSE } from './deribit/api-key.ts';
import { capabilitiesWith } from './deribit/capabilities.ts';
import { type DeribitClient, deribitClient } from './deribit/client.ts';
import { deribitManagement } from './deribit/management.ts';
import { hostOptions, pageOf } from './host.ts';
import { ManagingKey } from './managing-key.ts';
import { LETTERS_AND_DIGITS, probesBy, randomText } from './probes.ts';
import { nothing } from './reading.ts';

export const DeribitOptions = hostOptions('https://www.deribit.com').extend({
  managing: z
    .record(z.string(), ManagingKey)
    .optional()
    .describe(
      'For each account, by its name in policies, a key of it that may manage the others; without, people register and delete',
    ),
});
type DeribitOptions = z.infer<typeof DeribitOptions>;

/** What a Deribit account can do. Asks nobody. */
export const deribitCapabilities = (options: DeribitOptions): VenueCapabilities =>
  capabilitiesWith(
    pageOf(options, 'https://www.deribit.com/account/BTC/api', '?venue=deribit'),
    options.managing !== undefined,
  );

/** A Deribit account. Opening it asks nobody. */
export function openDeribit(options: DeribitOptions, dependencies: VenueDependencies): Venue {
  const client = deribitClient(options.baseUrl, dependencies);
  const { managing } = options;
  return {
    ...probesBy(
      {
        conditions: () => client.conditions(),
        probe: (credential, http) => probe(client, credential, http),
        strangersId: () => randomText(8, LETTERS_AND_DIGITS),
      },
      dependencies,
    ),
    capabilities: deribitCapabilities(options),
    management: managing === undefined ? PEOPLE_ONLY : deribitManagement(client, managing, dependencies),
  };
}

/** A key that cannot sign in is asked nothing more; one that can lists the keys of its account, itself among them. */
async function probe(client: DeribitClient, credential: Credential, http?: HttpClient): Promise<Probe> {
  const signedIn = await client.signIn(credential, http);
  if (signedIn.body === null) return { answers: [signedIn.answer], inspection: null };
  const list = await client.call(LIST, signedIn.body, http);
  const whose = await client.call(WHOSE, signedIn.body, http);
  const answers = [signedIn.answer, list.answer, whose.answer];
  if (list.body === null || whose.body === null) return { answers, inspection: null };
  const self = list.body.find(({ client_id }) => client_id === credential.apiKey);
  // A list without the key that asks is not that of its account.
  if (self === undefined) {
    return { answers: [signedIn.answer, { ...list.answer, ...nothing('unexpected-answer') }], inspection: null };
  }
  return { answers, inspection: inspectionOf(self, list.body, whose.body.id) };
}
