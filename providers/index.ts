import type { ZodObject } from 'zod';
import type { Venue, VenueCapabilities, VenueDependencies } from '../src/ports/venue.ts';
import { DirectoryOptions, openDirectoryReader, openDirectoryStore } from './stores/directory.ts';
import { BinanceOptions, binanceCapabilities, openBinance } from './venues/binance.ts';
import {
  BinanceSubAccountOptions,
  binanceSubAccountCapabilities,
  openBinanceSubAccount,
} from './venues/binance-sub-account.ts';

/** Every kind there is. Adding one is its file, its test, and one line here; nothing happens at import time. */

export const STORES = {
  directory: { options: DirectoryOptions, reader: openDirectoryReader, open: openDirectoryStore },
} as const;

export interface VenueKind<Options> {
  options: ZodObject;
  /** What such a venue can do; asks nobody. */
  capabilities(options: Options): VenueCapabilities;
  /** Asks nobody either. */
  open(options: Options, dependencies: VenueDependencies): Venue;
}

export const VENUES = {
  binance: { options: BinanceOptions, capabilities: binanceCapabilities, open: openBinance },
  'binance-sub-account': {
    options: BinanceSubAccountOptions,
    capabilities: binanceSubAccountCapabilities,
    open: openBinanceSubAccount,
  },
} as const;

export { nodeKeys } from './keys.ts';
export { createEmbeddedIdentities } from './stores/directory.ts';
