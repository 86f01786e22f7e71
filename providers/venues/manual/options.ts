import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { ALGORITHMS, PERMISSIONS } from '../../../src/ports/venue.ts';
import { HttpProbe } from './http-options.ts';
import { KeyIdPattern } from './key-id.ts';
import { SshProbe } from './ssh-options.ts';

const Sentence = z.string().check(z.minLength(1), z.maxLength(500));

const PermissionSwitch = z.strictObject({
  label: about(Sentence, 'The words on the page'),
  permission: about(
    z._default(z.nullable(z.enum(PERMISSIONS)), null),
    'The permission it gives; null for what no purpose may ask for',
  ),
  path: about(
    z.optional(z.string().check(z.minLength(1))),
    'Where the answer to a working key says true or false of it, such as scopes.read',
  ),
});

const Limits = z.strictObject({
  keysPerAccount: about(
    z._default(z.int().check(z.minimum(2), z.maximum(100_000)), 1000),
    'Keys of one account at a time',
  ),
  allowlistEntries: about(
    z._default(z.int().check(z.minimum(0), z.maximum(10_000)), 0),
    'Addresses one key can be tied to; 0 where the service does not know such a thing',
  ),
  ipv6: about(z._default(z.boolean(), true), 'Whether IPv6 addresses may be among them'),
});

export const ManualOptions = z.strictObject({
  title: about(z.string().check(z.minLength(1), z.maxLength(100)), 'The name people know the service by'),
  page: about(
    z.string().check(z.minLength(1), z.maxLength(500)),
    'Where people register and delete keys: an address, or a place in words',
  ),
  register: about(
    z.array(Sentence).check(z.minLength(1), z.maxLength(20)),
    'What people do to register a key, one sentence a step',
  ),
  delete: about(
    z.array(Sentence).check(z.minLength(1), z.maxLength(20)),
    'What people do to delete one, one sentence a step',
  ),
  algorithms: about(z.array(z.enum(ALGORITHMS)).check(z.minLength(1)), 'What keys it takes'),
  keyId: about(
    z.prefault(
      z.strictObject({
        pattern: about(KeyIdPattern, 'Literal text with parts such as {hex:32} or {word:1-64}'),
        description: about(Sentence, 'The same in words, for people'),
      }),
      { pattern: '{word:1-128}', description: '1 to 128 letters, digits, dots, hyphens and underscores' },
    ),
    'What key ids look like',
  ),
  publicKey: about(
    z._default(z.enum(['pem', 'openssh', 'jwk']), 'pem'),
    'How the public key is pasted: SPKI PEM, a line of authorized_keys, or a JSON Web Key',
  ),
  switches: about(
    z._default(z.array(PermissionSwitch).check(z.maxLength(50)), []),
    'The permissions people choose, where there are any',
  ),
  allowlistLabel: about(z._default(Sentence, 'the addresses it may be used from'), 'The words on the page for them'),
  limits: about(z.prefault(Limits, {}), 'What the service takes'),
  probe: about(
    z.optional(
      z
        .strictObject({
          http: about(z.optional(HttpProbe), 'One signed HTTP request'),
          ssh: about(z.optional(SshProbe), 'A login by SSH'),
        })
        .check(
          z.refine(({ http, ssh }) => (http === undefined) !== (ssh === undefined), {
            error: 'must have either http or ssh',
          }),
        ),
    ),
    'How to see whether a key works; without it, life and death of keys rest on people’s word',
  ),
});
export type ManualOptions = z.infer<typeof ManualOptions>;
