import type { VenueCapabilities } from '../../../src/ports/venue.ts';
import { binanceCapabilities } from './capabilities.ts';
import type { BinanceSubAccountOptions } from './sub-account-options.ts';

/** What Binance sub-accounts can do: what a main account can, with all of it by API. Asks nobody. */
export const binanceSubAccountCapabilities = (options: BinanceSubAccountOptions): VenueCapabilities => ({
  ...binanceCapabilities(options),
  title: 'Binance sub-account',
  registering: 'api' as const,
  deleting: 'api' as const,
  lists: true,
  registerSteps: ['keyturn registers this key by API; if it cannot, create it on the page of the sub-account.'],
});
