import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { ManagingKey } from '../managing-key.ts';
import { BinanceOptions } from './options.ts';

export const BinanceSubAccountOptions = z.extend(BinanceOptions, {
  master: about(ManagingKey, 'The key of the master account that may manage keys of its sub-accounts'),
  emails: about(
    z.record(z.string(), z.email()),
    'The e-mail address by which Binance knows each sub-account, by the account’s name in policies',
  ),
});
export type BinanceSubAccountOptions = z.infer<typeof BinanceSubAccountOptions>;
