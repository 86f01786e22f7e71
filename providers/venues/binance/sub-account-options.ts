import { z } from 'zod';
import { ManagingKey } from '../managing-key.ts';
import { BinanceOptions } from './options.ts';

export const BinanceSubAccountOptions = BinanceOptions.extend({
  master: ManagingKey.describe('The key of the master account that may manage keys of its sub-accounts'),
  emails: z
    .record(z.string(), z.email())
    .describe('The e-mail address by which Binance knows each sub-account, by the account’s name in policies'),
});
export type BinanceSubAccountOptions = z.infer<typeof BinanceSubAccountOptions>;
