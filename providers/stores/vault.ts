export { openVault } from './vault/index.ts';
export { VaultOptions } from './vault/options.ts';
export { vaultPolicy } from './vault/policy.ts';
