import * as z from 'zod';
import { SecretReference } from '../../../src/secret-reference.ts';

/** How keyturn.yaml describes a store of kind `directory`. */
export const DirectoryOptions = z.strictObject({
  path: z.string().min(1).meta({ description: 'The folder. Relative paths start at the folder of keyturn.yaml.' }),
  identity: SecretReference.default({ file: '.keyturn/identity.txt' }).meta({
    description: 'The age identity that opens the private halves.',
  }),
  recipients: z.array(z.string()).min(2).optional().meta({
    description:
      'age recipients everything is encrypted to, at least two. Default: recipients.txt beside the identity.',
  }),
  permissions: z
    .literal(['private', 'group'])
    .default('private')
    .meta({ description: 'group: the folder may be open to its group, as a Kubernetes fsGroup makes it.' }),
  allowNetworkFileSystem: z
    .boolean()
    .default(false)
    .meta({ description: 'Use it on NFS, SMB or FUSE although links are not always atomic there.' }),
});
export type DirectoryOptions = z.input<typeof DirectoryOptions>;
