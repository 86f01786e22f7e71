import { z } from 'zod';
import { ALGORITHMS, PERMISSIONS } from '../../../src/ports/venue.ts';
import { HttpProbe } from './http-options.ts';
import { KeyIdPattern } from './key-id.ts';
import { SshProbe } from './ssh-options.ts';

const Sentence = z.string().min(1).max(500);

const PermissionSwitch = z.strictObject({
  label: Sentence.describe('The words on the page'),
  permission: z
    .enum(PERMISSIONS)
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
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).describe('What keys it takes'),
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
