import * as z from 'zod';
import { SecretReference } from '../../../src/secret-reference.ts';
import { isSafeAddress } from '../../address.ts';

/** How keyturn.yaml describes a store of kind `vault`. Paths are checked here once, so that they may be put together as they are. */

const Path = z.string().regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/, {
  error: 'must be names of letters, digits, dots, dashes and underscores, with / between them and at neither end',
});

const isAddress = (text: string): boolean => {
  if (!isSafeAddress(text)) return false;
  const { search, hash, username, password } = new URL(text);
  return `${search}${hash}${username}${password}` === '';
};

const authMount = (name: string) =>
  Path.default(name).meta({ description: `Where this auth method is mounted; default ${name}.` });

const Auth = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('token'),
      token: SecretReference.meta({ description: 'A token somebody else looks after. It is never revoked.' }),
    }),
    z.strictObject({
      kind: z.literal('approle'),
      mount: authMount('approle'),
      roleId: z.string().min(1).meta({ description: 'The role id, which is no secret.' }),
      secretId: SecretReference,
    }),
    z.strictObject({
      kind: z.literal('kubernetes'),
      mount: authMount('kubernetes'),
      role: z.string().min(1).meta({ description: 'The role to log in with.' }),
      jwt: SecretReference.default({ file: '/var/run/secrets/kubernetes.io/serviceaccount/token' }).meta({
        description: 'The token of the service account; default: where Kubernetes mounts it.',
      }),
    }),
    z.strictObject({
      kind: z.literal('jwt'),
      mount: authMount('jwt'),
      role: z.string().min(1).meta({ description: 'The role to log in with.' }),
      jwt: SecretReference,
    }),
  ])
  .meta({ description: 'How to log in.' });

export const VaultOptions = z.strictObject({
  address: z
    .string()
    .refine(isAddress, { error: 'must be an https:// address without a query (http:// only on this machine)' })
    .meta({
      description: 'Where Vault or OpenBao answers: the service of the active node.',
      examples: ['https://vault.internal:8200'],
    }),
  mount: Path.default('secret').meta({ description: 'Where a secrets engine of kind KV version 2 is mounted.' }),
  prefix: Path.default('keyturn').meta({ description: 'The folder in it that belongs to keyturn.' }),
  namespace: Path.optional().meta({ description: 'The namespace of mount and login.' }),
  ca: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'A PEM file of the authorities that sign its certificate, instead of the usual ones.' }),
  auth: Auth,
});
export type VaultOptions = z.output<typeof VaultOptions>;
export type VaultAuth = VaultOptions['auth'];
