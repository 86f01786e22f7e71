import { type Credential, PEOPLE_ONLY, type Probe, type Venue, type VenueDependencies } from '../../src/ports/venue.ts';
import type { HttpClient } from '../http.ts';
import { inspectionOf, LIST, WHOSE } from './deribit/api-key.ts';
import { deribitCapabilities } from './deribit/capabilities.ts';
import { type DeribitClient, deribitClient } from './deribit/client.ts';
import { deribitManagement } from './deribit/management.ts';
import type { DeribitOptions } from './deribit/options.ts';
import { LETTERS_AND_DIGITS, probesBy, randomText } from './probes.ts';
import { nothing } from './reading.ts';

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
