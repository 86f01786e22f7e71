import type { Permission, VenueCapabilities } from '../../../src/ports/venue.ts';
import { pageOf } from '../host.ts';
import type { DeribitOptions } from './options.ts';

/** What scopes can be about [D-KEY]. `custody` is for third parties. */
export const RESOURCES = ['account', 'trade', 'wallet', 'block_trade', 'block_rfq', 'custody'] as const;

/** Deribit trades spot, futures and options under one scope, and withdraws and transfers under another. */
export const SCOPES = {
  reading: 'account:read',
  trading: ['spot-trade', 'futures-trade', 'options-trade'] as const satisfies Permission[],
  moving: ['withdraw', 'transfer'] as const satisfies Permission[],
};

const SWITCHES = [
  {
    field: SCOPES.reading,
    label: 'account: read (with trade: read and, for keys that only read, wallet: read)',
    permission: 'read',
  },
  { field: 'trade:read_write', label: 'trade: read_write', permission: SCOPES.trading },
  { field: 'wallet:read_write', label: 'wallet: read_write', permission: SCOPES.moving },
  { field: 'account:read_write', label: 'account: read_write', permission: null },
  { field: 'block_trade:read_write', label: 'block_trade: read_write', permission: null },
  { field: 'block_rfq:read_write', label: 'block_rfq: read_write', permission: null },
  { field: 'custody:read_write', label: 'custody: read_write', permission: null },
] as const satisfies VenueCapabilities['switches'];

/** What a Deribit account can do; more where keyturn has a key that may manage the others. Asks nobody. */
export function deribitCapabilities(options: DeribitOptions): VenueCapabilities {
  const isManaged = options.managing !== undefined;
  return {
    title: 'Deribit',
    // RSA from 2048 bits on [D-ASYM].
    algorithms: ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'],
    onlyWith: {},
    page: pageOf(options, 'https://www.deribit.com/account/BTC/api', '?venue=deribit'),
    registering: isManaged ? 'api' : 'person',
    deleting: isManaged ? 'api' : 'person',
    lists: isManaged,
    // [D-CREATE]
    registerSteps: [
      'Log in to the account named above, open the page and press “Add new key”.',
      'Select “Self-generated key” and paste the public key, all of it with its first and last line.',
      'Enter the label in the “Name” field, set every scope as listed here and all others to none, and no features.',
      'Enter the addresses under “IP Whitelisting”, confirm with the second factor, and copy the “Client ID”: it is the key id.',
    ],
    deleteSteps: [
      'Log in to the account named above, open the page and find the key by its name and its Client ID.',
      'Remove this one key and confirm with the second factor.',
      'Do not disable it instead: a disabled key can be enabled again, and stays in the list.',
    ],
    switches: SWITCHES,
    allowlistLabel: 'IP Whitelisting',
    withoutAllowlist: null,
    labels: { maxLength: 16, wordsOnly: true },
    apiKey: { pattern: /^[\w-]{6,64}$/, description: '6 or more letters, digits, dashes and underscores' },
    // Deribit documents none of the three: few keys, single addresses, no IPv6 is what is sure to be taken. UNVERIFIED
    limits: { keysPerAccount: 8, allowlistEntries: 20, ipv6: false },
  };
}
