export { openVaultReader, openVaultStore, VaultOptions, vaultPolicy } from './vault/index.ts';
