import { z } from 'zod';
import type { VenueCapabilities } from '../../../src/ports/venue.ts';
import { ManagingKey } from '../managing-key.ts';
import { binanceCapabilities } from './capabilities.ts';
import { BinanceOptions } from './options.ts';

export const BinanceSubAccountOptions = BinanceOptions.extend({
  master: ManagingKey.describe('The key of the master account that may manage keys of its sub-accounts'),
  emails: z
    .record(z.string(), z.email())
    .describe('The e-mail address by which Binance knows each sub-account, by the account’s name in policies'),
});
export type BinanceSubAccountOptions = z.infer<typeof BinanceSubAccountOptions>;

/** What Binance sub-accounts can do: what a main account can, with all of it by API. Asks nobody. */
export const binanceSubAccountCapabilities = (options: BinanceSubAccountOptions): VenueCapabilities => ({
  ...binanceCapabilities(options),
  title: 'Binance sub-account',
  registering: 'api' as const,
  deleting: 'api' as const,
  lists: true,
  registerSteps: ['keyturn registers this key by API; if it cannot, create it on the page of the sub-account.'],
});
