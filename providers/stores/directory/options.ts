import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { SecretReference } from '../../../src/secret-reference.ts';

/** How keyturn.yaml describes a store of kind `directory`. */
export const DirectoryOptions = z.strictObject({
  path: about(z.string().check(z.minLength(1)), 'The folder. Relative paths start at the folder of keyturn.yaml.'),
  identity: about(
    z._default(SecretReference, { file: '.keyturn/identity.txt' }),
    'The age identity that opens the private halves.',
  ),
  recipients: about(
    z.optional(z.array(z.string()).check(z.minLength(2))),
    'age recipients everything is encrypted to, at least two. Default: recipients.txt beside the identity.',
  ),
  permissions: about(
    z._default(z.literal(['private', 'group']), 'private'),
    'group: the folder may be open to its group, as a Kubernetes fsGroup makes it.',
  ),
  allowNetworkFileSystem: about(
    z._default(z.boolean(), false),
    'Use it on NFS, SMB or FUSE although links are not always atomic there.',
  ),
});
export type DirectoryOptions = z.input<typeof DirectoryOptions>;
