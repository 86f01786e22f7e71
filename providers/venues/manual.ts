import { z } from 'zod';
import {
  type Inspection,
  PEOPLE_ONLY,
  type Probe,
  type Venue,
  type VenueCapabilities,
  type VenueDependencies,
} from '../../src/ports/venue.ts';
import { HttpProbe } from './manual/http-options.ts';
import { httpLooking } from './manual/http-probe.ts';
import { KeyIdPattern, keyIdMatcher, strangersId } from './manual/key-id.ts';
import { jsonAt } from './manual/matcher.ts';
import type { Looking } from './manual/probing.ts';
import { SshProbe } from './manual/ssh-options.ts';
import { sshLooking } from './manual/ssh-probe.ts';
import { probesBy } from './probes.ts';

/** Any service that takes a public key one made oneself, where people register and delete. What it is like, configuration says. */

const Sentence = z.string().min(1).max(500);

const PermissionSwitch = z.strictObject({
  label: Sentence.describe('The words on the page'),
  permission: z
    .enum([
      'read',
      'spot-trade',
      'margin',
      'futures-trade',
      'options-trade',
      'transfer',
      'withdraw',
      'fix-read',
      'fix-trade',
    ])
    .nullable()
    .default(null)
    .describe('The permission it gives; null for what no purpose may ask for'),
  path: z
    .string()
    .min(1)
    .optional()
    .describe('Where the answer to a working key says true or false of it, such as scopes.read'),
});

const Limits = z.strictObject({
  keysPerAccount: z.number().int().min(2).max(100_000).default(1000).describe('Keys of one account at a time'),
  allowlistEntries: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Addresses one key can be tied to; 0 where the service does not know such a thing'),
  ipv6: z.boolean().default(true).describe('Whether IPv6 addresses may be among them'),
});

export const ManualOptions = z.strictObject({
  title: z.string().min(1).max(100).describe('The name people know the service by'),
  page: z.string().min(1).max(500).describe('Where people register and delete keys: an address, or a place in words'),
  register: z.array(Sentence).min(1).max(20).describe('What people do to register a key, one sentence a step'),
  delete: z.array(Sentence).min(1).max(20).describe('What people do to delete one, one sentence a step'),
  algorithms: z
    .array(z.enum(['rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519']))
    .min(1)
    .describe('What keys it takes'),
  keyId: z
    .strictObject({
      pattern: KeyIdPattern.describe('Literal text with parts such as {hex:32} or {word:1-64}'),
      description: Sentence.describe('The same in words, for people'),
    })
    .prefault({ pattern: '{word:1-128}', description: '1 to 128 letters, digits, dots, hyphens and underscores' })
    .describe('What key ids look like'),
  publicKey: z
    .enum(['pem', 'openssh', 'jwk'])
    .default('pem')
    .describe('How the public key is pasted: SPKI PEM, a line of authorized_keys, or a JSON Web Key'),
  switches: z
    .array(PermissionSwitch)
    .max(50)
    .default([])
    .describe('The permissions people choose, where there are any'),
  allowlistLabel: Sentence.default('the addresses it may be used from').describe('The words on the page for them'),
  limits: Limits.prefault({}).describe('What the service takes'),
  probe: z
    .strictObject({
      http: HttpProbe.optional().describe('One signed HTTP request'),
      ssh: SshProbe.optional().describe('A login by SSH'),
    })
    .refine(({ http, ssh }) => (http === undefined) !== (ssh === undefined), { error: 'must have either http or ssh' })
    .optional()
    .describe('How to see whether a key works; without it, life and death of keys rest on people’s word'),
});
export type ManualOptions = z.infer<typeof ManualOptions>;

export const manualCapabilities = (options: ManualOptions): VenueCapabilities => ({
  title: options.title,
  algorithms: options.algorithms,
  page: options.page,
  registering: 'person',
  deleting: 'person',
  lists: false,
  registerSteps: options.register,
  deleteSteps: options.delete,
  switches: options.switches.map(({ label, permission, path }) => ({ field: path ?? label, label, permission })),
  allowlistLabel: options.allowlistLabel,
  withoutAllowlist: null,
  onlyWith: {},
  labels: { maxLength: 100, wordsOnly: false },
  ...(options.publicKey === 'pem' ? {} : { publicKeyForm: options.publicKey }),
  apiKey: { pattern: keyIdMatcher(options.keyId.pattern), description: options.keyId.description },
  limits: options.limits,
});

/** Where it is asked: an address, of which only the host counts, or the page where it is not asked at all. */
export const manualAddress = ({ probe, page }: ManualOptions): string =>
  probe?.http?.url ?? (probe?.ssh ? `ssh://${probe.ssh.host}:${probe.ssh.port}` : page);

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
