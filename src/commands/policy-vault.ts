import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { vaultPolicy } from '../wire.ts';
import type { WorkspaceOptions } from '../workspace.ts';
import type { CommandIo } from './io.ts';
import { storeOfKind } from './store-of-kind.ts';

export interface PolicyVaultOptions extends WorkspaceOptions {
  role: 'worker' | 'planner' | 'consumer' | 'passphrase-consumer';
  store?: string | undefined;
  key?: string | undefined;
}

/** The least rights a login needs at a Vault store, for whoever writes Vault’s policies. Asks nobody. */
export async function policyVault(options: PolicyVaultOptions, io: CommandIo): Promise<ExitStatus> {
  const { role, key } = options;
  if (key !== undefined && !role.endsWith('consumer'))
    throw new KeyturnError('usage', '--key goes with --role consumer: the other roles work for all keys');
  io.stdout.write(vaultPolicy(role, await storeOfKind('vault', options), key));
  return EXIT.OK;
}
