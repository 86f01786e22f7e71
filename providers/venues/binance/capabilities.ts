import type { VenueCapabilities } from '../../../src/ports/venue.ts';
import { BY_PEOPLE } from '../by-people.ts';
import { pageOf } from '../host.ts';
import type { BinanceOptions } from './options.ts';

/** The page’s switches, in its order of importance; names as `GET /sapi/v1/account/apiRestrictions` answers them. */
export const SWITCHES = [
  { field: 'enableReading', label: 'Enable Reading', permission: 'read' },
  { field: 'enableSpotAndMarginTrading', label: 'Enable Spot & Margin Trading', permission: 'spot-trade' },
  { field: 'enableMargin', label: 'Margin Loan, Repay & Transfer', permission: 'margin' },
  { field: 'enableFutures', label: 'Enable Futures', permission: 'futures-trade' },
  { field: 'enableVanillaOptions', label: 'Enable European Options', permission: 'options-trade' },
  { field: 'permitsUniversalTransfer', label: 'Permits Universal Transfer', permission: 'transfer' },
  { field: 'enableInternalTransfer', label: 'Enable Internal Transfer', permission: null },
  { field: 'enableWithdrawals', label: 'Enable Withdrawals', permission: 'withdraw' },
  { field: 'enablePortfolioMarginTrading', label: 'Portfolio Margin', permission: null },
  { field: 'enableFixReadOnly', label: 'FIX API reading', permission: 'fix-read' },
  { field: 'enableFixApiTrade', label: 'FIX API trading', permission: 'fix-trade' },
] as const satisfies VenueCapabilities['switches'];

/** What a Binance main account can do: people create and delete keys on the website, keys tell their own switches. Asks nobody. */
export const binanceCapabilities = (options: BinanceOptions): VenueCapabilities => ({
  ...BY_PEOPLE,
  title: 'Binance',
  algorithms: ['rsa-2048', 'rsa-4096', 'ed25519'],
  // fix-api.md: FIX sessions take Ed25519 keys only.
  onlyWith: { 'fix-read': ['ed25519'], 'fix-trade': ['ed25519'] },
  page: pageOf(options, 'https://www.binance.com/en/my/settings/api-management'),
  registerSteps: [
    'Log in to the account named above, open the page and choose “Create API”, then “Self-generated”.',
    'Paste the public key, all of it with its first and last line. A dialog that shows you a secret is the wrong one: close it.',
    'Enter the label, pass the second factor, and copy the key id (“API Key”) that appears.',
    'Choose “Edit restrictions”. Enter the addresses first or together with the switches: Binance removes keys that may trade from anywhere.',
    'Set every switch as listed here, save, and pass the second factor again.',
  ],
  deleteSteps: [
    'Log in to the account named above, open the page and find the key by its label and its id.',
    'Choose “Delete” beside this one key, not “Delete all API”, and pass the second factor.',
    'Do not edit or disable it instead: only a deleted key can be proven dead.',
  ],
  switches: SWITCHES,
  allowlistLabel: 'Restrict access to trusted IPs only',
  withoutAllowlist:
    'Binance deletes such keys when they are unused for 30 days, and warns of deleting those that may do more than read',
  labels: { maxLength: 100, wordsOnly: false },
  apiKey: { pattern: /^[A-Za-z0-9]{64}$/, description: '64 letters and digits' },
  limits: { keysPerAccount: 30, allowlistEntries: 30, ipv6: false },
});
