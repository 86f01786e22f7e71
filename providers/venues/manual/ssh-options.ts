import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';

/** A probe by logging in with the key, and leaving at once. */
export const SshProbe = z.strictObject({
  host: about(
    z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,253}$/, { error: 'must be a host name or an address' })),
    'Host name or address',
  ),
  port: about(z._default(z.int().check(z.minimum(1), z.maximum(65_535)), 22), 'Port'),
  user: about(
    z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/, { error: 'must be a user name' })),
    'The user in whose authorized_keys the keys stand',
  ),
  hostKey: about(
    z.string().check(
      z.regex(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,1400}={0,2}$/, {
        error: 'must be a public host key, its type and its base64: the two last words of a line of ssh-keyscan',
      }),
    ),
    'The server’s public host key, “type base64”, as it stands in its /etc/ssh/ssh_host_*_key.pub',
  ),
});
export type SshProbe = z.infer<typeof SshProbe>;
