import { DirectoryOptions, openDirectoryReader, openDirectoryStore } from './stores/directory.ts';
import { BinanceOptions, binanceCapabilities, openBinance } from './venues/binance.ts';

/** Every kind there is. Adding one is its file, its test, and one line here; nothing happens at import time. */

export const STORES = {
  directory: { options: DirectoryOptions, reader: openDirectoryReader, open: openDirectoryStore },
} as const;

export const VENUES = {
  binance: { options: BinanceOptions, capabilities: binanceCapabilities, open: openBinance },
} as const;

export { nodeKeys } from './keys.ts';
export { createEmbeddedIdentities } from './stores/directory.ts';
