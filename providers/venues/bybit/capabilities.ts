import type { Inspection, VenueCapabilities } from '../../../src/ports/venue.ts';
import { BY_PEOPLE, deletingAsAnywhere } from '../by-people.ts';
import { pageOf } from '../host.ts';
import type { BybitOptions } from './options.ts';

/** The boxes of Bybit’s page, as `GET /v5/user/query-api` groups them [Y-QUERY]. */
const SWITCHES = [
  { field: 'read', label: 'Read-Only (Read-Write where anything else is to be on)', permission: 'read' },
  { field: 'Spot.SpotTrade', label: 'Read-Write: Spot – Trade', permission: 'spot-trade' },
  { field: 'ContractTrade.Order', label: 'Read-Write: Contracts – Orders', permission: 'futures-trade' },
  { field: 'ContractTrade.Position', label: 'Read-Write: Contracts – Positions', permission: 'futures-trade' },
  { field: 'Derivatives.DerivativesTrade', label: 'Read-Write: Derivatives – Trade', permission: null },
  { field: 'Options.OptionsTrade', label: 'Read-Write: USDC Contracts – Trade', permission: 'options-trade' },
  { field: 'Wallet.AccountTransfer', label: 'Read-Write: Wallet – Account Transfer', permission: 'transfer' },
  { field: 'Wallet.SubMemberTransfer', label: 'Read-Write: Wallet – Subaccount Transfer', permission: null },
  { field: 'Wallet.SubMemberTransferList', label: 'Read-Write: Wallet – Subaccount Transfer', permission: null },
  { field: 'Wallet.Withdraw', label: 'Read-Write: Wallet – Withdrawal', permission: 'withdraw' },
  { field: 'Exchange.ExchangeHistory', label: 'Read-Write: Exchange – Convert', permission: null },
  { field: 'Earn.Earn', label: 'Read-Write: Earn', permission: null },
] as const satisfies VenueCapabilities['switches'];

const DERIVATIVES = 'Derivatives.DerivativesTrade';

/**
 * A box gives what it says only with Read-Write; with Read-Only all of them only read. Unified accounts have derivatives by
 * themselves with contracts [Y-QUERY], so that neither says more than the other.
 */
export function switchesIn(permissions: Record<string, readonly string[]>, readOnly: boolean): Inspection['switches'] {
  const ticked = Object.entries(permissions).flatMap(([group, names]) => names.map((name) => `${group}.${name}`));
  const ownWord = ticked.filter((field) => field !== DERIVATIVES || !ticked.includes('ContractTrade.Order'));
  return [{ field: 'read', on: ticked.length > 0 }, ...(readOnly ? [] : ownWord).map((field) => ({ field, on: true }))];
}

/** What a Bybit account can do. Asks nobody. */
export const bybitCapabilities = (options: BybitOptions): VenueCapabilities => ({
  ...BY_PEOPLE,
  title: 'Bybit',
  // The official generator makes these two; no Ed25519 is documented [Y-HELP], [Y-GUIDE].
  algorithms: ['rsa-2048', 'rsa-4096'],
  page: pageOf(options, 'https://www.bybit.com/app/user/api-management', '?venue=bybit'),
  // By the key itself, where it may; else a person is asked.
  deleting: 'api',
  // [Y-HELP]; what comes after pasting is UNVERIFIED.
  registerSteps: [
    'Log in to the account named above, open the page and choose “Create New Key”, then “Self-generated API Keys”.',
    'Paste the public key, all of it with its first and last line, and press “Submit”. There is no secret to be shown.',
    'Enter the label as the name, choose Read-Only or Read-Write, and set every permission as listed here.',
    'Enter the addresses; without any, the key ends after 90 days.',
    'Confirm with the codes from e-mail and second factor, and copy the key id (“API Key”).',
  ],
  deleteSteps: deletingAsAnywhere('name'),
  switches: SWITCHES,
  allowlistLabel: 'Only IPs with permissions granted are allowed to access the OpenAPI',
  // [Y-CREATE]
  withoutAllowlist: 'Bybit ends such keys after 90 days, and 7 days after the account’s password was changed',
  labels: { maxLength: 100, wordsOnly: false },
  apiKey: { pattern: /^[A-Za-z0-9]{10,64}$/, description: '10 or more letters and digits' },
  // Bybit documents none of the three in its API pages. UNVERIFIED
  limits: { keysPerAccount: 20, allowlistEntries: 20, ipv6: false },
});
