import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { SecretReference } from '../../../src/secret-reference.ts';
import { isSafeAddress } from '../../address.ts';

/** How keyturn.yaml describes a store of kind `vault`. Paths are checked here once, so that they may be put together as they are. */

const Path = z.string().check(
  z.regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/, {
    error: 'must be names of letters, digits, dots, dashes and underscores, with / between them and at neither end',
  }),
);

const isAddress = (text: string): boolean => {
  if (!isSafeAddress(text)) return false;
  const { search, hash, username, password } = new URL(text);
  return `${search}${hash}${username}${password}` === '';
};

const authMount = (name: string) =>
  about(z._default(Path, name), `Where this auth method is mounted; default ${name}.`);

const Auth = about(
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('token'),
      token: about(SecretReference, 'A token somebody else looks after. It is never revoked.'),
    }),
    z.strictObject({
      kind: z.literal('approle'),
      mount: authMount('approle'),
      roleId: about(z.string().check(z.minLength(1)), 'The role id, which is no secret.'),
      secretId: SecretReference,
    }),
    z.strictObject({
      kind: z.literal('kubernetes'),
      mount: authMount('kubernetes'),
      role: about(z.string().check(z.minLength(1)), 'The role to log in with.'),
      jwt: about(
        z._default(SecretReference, { file: '/var/run/secrets/kubernetes.io/serviceaccount/token' }),
        'The token of the service account; default: where Kubernetes mounts it.',
      ),
    }),
    z.strictObject({
      kind: z.literal('jwt'),
      mount: authMount('jwt'),
      role: about(z.string().check(z.minLength(1)), 'The role to log in with.'),
      jwt: SecretReference,
    }),
  ]),
  'How to log in.',
);

export const VaultOptions = z.strictObject({
  address: about(
    z
      .string()
      .check(
        z.refine(isAddress, { error: 'must be an https:// address without a query (http:// only on this machine)' }),
      ),
    {
      description: 'Where Vault or OpenBao answers: the service of the active node.',
      examples: ['https://vault.internal:8200'],
    },
  ),
  mount: about(z._default(Path, 'secret'), 'Where a secrets engine of kind KV version 2 is mounted.'),
  prefix: about(z._default(Path, 'keyturn'), 'The folder in it that belongs to keyturn.'),
  namespace: about(z.optional(Path), 'The namespace of mount and login.'),
  ca: about(
    z.optional(z.string().check(z.minLength(1))),
    'A PEM file of the authorities that sign its certificate, instead of the usual ones.',
  ),
  auth: Auth,
});
export type VaultOptions = z.output<typeof VaultOptions>;
export type VaultAuth = VaultOptions['auth'];
