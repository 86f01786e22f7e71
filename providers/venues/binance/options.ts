import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { hostAddress, hostOptions } from '../host.ts';

export const BinanceOptions = z.extend(hostOptions('https://api.binance.com'), {
  futuresUrl: about(
    z.optional(hostAddress),
    'Address of the USDⓈ-M futures API; default: Binance’s own, or baseUrl where that is on this machine',
  ),
});
export type BinanceOptions = z.infer<typeof BinanceOptions>;
