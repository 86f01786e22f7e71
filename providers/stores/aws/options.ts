import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { KeyturnError } from '../../../src/errors.ts';
import { isSafeAddress } from '../../address.ts';

/** What secrets may be called, without a slash at either end; with account and name it stays within the 512 characters AWS takes. */
const Prefix = z.string().check(
  z.maxLength(256),
  z.regex(/^[A-Za-z0-9_+=.@-]+(\/[A-Za-z0-9_+=.@-]+)*$/, {
    error: 'must be made of letters, digits and _+=.@-, with a slash between parts',
  }),
);

const Endpoint = z
  .url({ protocol: /^https?$/, error: 'must be an address that starts with http:// or https://' })
  .check(
    z.refine(isSafeAddress, {
      error: 'must start with https:// unless it is on this machine: private keys go there',
    }),
  );

/** AWS counts tags per secret up to 50; ours need the rest. */
const MAX_TAGS = 10;

export const AwsOptions = z.strictObject({
  region: about(
    z.string().check(z.regex(/^[a-z]{2,4}(-[a-z]+)+-\d+$/, { error: 'must be a region, for example eu-west-1' })),
    'The region the secrets live in, for example eu-west-1. Replicas are refused.',
  ),
  prefix: about(
    z._default(Prefix, 'keyturn/keys'),
    'Secrets with keys are named PREFIX/account/name; applications read AWSCURRENT of them.',
  ),
  recordPrefix: about(
    z._default(Prefix, 'keyturn/records'),
    'Secrets with records are named so. Never secret, and apart from the keys, so that planning needs no right to read those.',
  ),
  endpoint: about(z.optional(Endpoint), 'Another address than the region’s own, for example of a VPC endpoint.'),
  kmsKeyId: about(
    z.optional(z.string().check(z.minLength(1), z.maxLength(2048))),
    'KMS key that new secrets are encrypted with: its id, ARN or alias. Default: aws/secretsmanager.',
  ),
  tags: about(
    z._default(
      z
        .record(z.string().check(z.minLength(1), z.maxLength(128)), z.string().check(z.maxLength(256)))
        .check(z.refine((tags) => Object.keys(tags).length <= MAX_TAGS, { error: `must be at most ${MAX_TAGS} tags` })),
      {},
    ),
    `Tags for new secrets, at most ${MAX_TAGS}.`,
  ),
});
/** As written in keyturn.yaml. */
export type AwsOptions = z.input<typeof AwsOptions>;
export type ParsedAwsOptions = z.output<typeof AwsOptions>;

/** Throws `invalid` where one prefix contains the other: who may read records must not read keys with the same right. */
export function parseOptions(options: AwsOptions): ParsedAwsOptions {
  const parsed = AwsOptions.parse(options);
  const [keys, records] = [`${parsed.prefix}/`, `${parsed.recordPrefix}/`];
  if (!keys.startsWith(records) && !records.startsWith(keys)) return parsed;
  throw new KeyturnError('invalid', `prefix ${parsed.prefix} and recordPrefix ${parsed.recordPrefix} overlap`, {
    hint: 'give keys and records prefixes of their own, for example keyturn/keys and keyturn/records',
  });
}
