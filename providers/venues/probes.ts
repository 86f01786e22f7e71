import { randomInt } from 'node:crypto';
import type { Signer } from '../../src/ports/keys.ts';
import type { Conditions, Credential, Probe, Venue, VenueDependencies } from '../../src/ports/venue.ts';
import type { HttpClient } from '../http.ts';
import { httpVia } from './egress.ts';

export interface Asking {
  conditions: () => Promise<Conditions>;
  /** `http`: another way out than the usual one. */
  probe: (credential: Credential, http?: HttpClient) => Promise<Probe>;
  /** A random key id as the venue could have issued it. */
  strangersId: () => string;
}

/** The asking half of a venue: what it answers to a key, to a stranger, and to a key that comes from outside. */
export function probesBy(
  { conditions, probe, strangersId }: Asking,
  dependencies: VenueDependencies,
): Omit<Venue, 'capabilities' | 'management'> {
  const { keys, outsideProxy } = dependencies;
  const outside = outsideProxy === null ? null : httpVia(outsideProxy, dependencies);
  let strangersSigner: Promise<Signer> | undefined;
  return {
    conditions,
    probe: (credential) => probe(credential),
    async probeStranger() {
      strangersSigner ??= keys.throwAway();
      return probe({ apiKey: strangersId(), signer: await strangersSigner });
    },
    probeOutside: async (credential) => (outside === null ? null : probe(credential, outside)),
    refusedUses: async () => [],
  };
}

export const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export const randomText = (length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
