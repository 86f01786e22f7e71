import type { z } from 'zod';
import { hostAddress, hostOptions } from '../host.ts';

export const BinanceOptions = hostOptions('https://api.binance.com').extend({
  futuresUrl: hostAddress
    .optional()
    .describe('Address of the USDⓈ-M futures API; default: Binance’s own, or baseUrl where that is on this machine'),
});
export type BinanceOptions = z.infer<typeof BinanceOptions>;
