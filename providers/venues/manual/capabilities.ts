import type { VenueCapabilities } from '../../../src/ports/venue.ts';
import { BY_PEOPLE } from '../by-people.ts';
import { keyIdMatcher } from './key-id.ts';
import type { ManualOptions } from './options.ts';

/** What configuration says the service can do. Asks nobody. */
export const manualCapabilities = (options: ManualOptions): VenueCapabilities => ({
  ...BY_PEOPLE,
  title: options.title,
  algorithms: options.algorithms,
  page: options.page,
  registerSteps: options.register,
  deleteSteps: options.delete,
  switches: options.switches.map(({ label, permission, path }) => ({ field: path ?? label, label, permission })),
  allowlistLabel: options.allowlistLabel,
  withoutAllowlist: null,
  labels: { maxLength: 100, wordsOnly: false },
  ...(options.publicKey === 'pem' ? {} : { publicKeyForm: options.publicKey }),
  apiKey: { pattern: keyIdMatcher(options.keyId.pattern), description: options.keyId.description },
  limits: options.limits,
});

/** Where it is asked: an address, of which only the host counts, or the page where it is not asked at all. */
export const manualAddress = ({ probe, page }: ManualOptions): string =>
  probe?.http?.url ?? (probe?.ssh ? `ssh://${probe.ssh.host}:${probe.ssh.port}` : page);
