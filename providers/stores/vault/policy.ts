import type { KeyId } from '../../../src/ports/store.ts';
import { folderOf } from './paths.ts';
import { type Place, type Role, rightsOf } from './rights.ts';

/** A policy in HCL, for `bao policy write` and `vault policy write`; for consumers of one `key` alone where it is given. */
export function vaultPolicy(role: Role, place: Place, key?: KeyId): string {
  const blocks = rightsOf(role, place, key === undefined ? undefined : folderOf(key)).flatMap(({ path, may, why }) =>
    // The engine asks for the path of a list with a slash at its end, the policy must have it, too.
    [
      `# ${why}`,
      `path "${may.includes('list') ? `${path}/` : path}" {`,
      `  capabilities = [${may.map((each) => `"${each}"`).join(', ')}]`,
      '}',
      '',
    ],
  );
  return [`# keyturn ${role}: keyturn policy vault --role ${role}`, '', ...blocks].join('\n');
}
