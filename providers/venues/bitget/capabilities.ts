import type { Inspection, VenueCapabilities } from '../../../src/ports/venue.ts';
import { BY_PEOPLE, deletingAsAnywhere } from '../by-people.ts';
import { pageOf } from '../host.ts';
import type { BitgetOptions } from './options.ts';

/** What may be read and written, as `authorities` of `GET /api/v2/spot/account/info` names it [C-BITGET]. */
const SWITCHES = [
  { field: 'read', label: 'Read only (Read and write where anything else is to be on)', permission: 'read' },
  { field: 'stow', label: 'Read and write: spot trade', permission: 'spot-trade' },
  { field: 'smow', label: 'Read and write: margin trade', permission: 'margin' },
  { field: 'coow', label: 'Read and write: futures orders', permission: 'futures-trade' },
  { field: 'cpow', label: 'Read and write: futures holdings', permission: 'futures-trade' },
  { field: 'ttow', label: 'Read and write: copy trading', permission: null },
  { field: 'wtow', label: 'Read and write: wallet transfer', permission: 'transfer' },
  { field: 'wwow', label: 'Read and write: wallet withdrawal', permission: 'withdraw' },
  { field: 'chow', label: 'Read and write: subaccount manage', permission: null },
  { field: 'p2p', label: 'Read and write: P2P', permission: null },
  { field: 'pllw', label: 'Read and write: pledge loan', permission: null },
  { field: 'taxw', label: 'Read and write: taxation', permission: null },
] as const satisfies VenueCapabilities['switches'];

const READING: readonly string[] = [
  'coor',
  'cpor',
  'stor',
  'smor',
  'ttor',
  'wtor',
  'taxr',
  'chor',
  'p2pr',
  'pllr',
  'readonly',
];

/** The sample answer has words that the table beside it does not have: `trade` is taken for all trading there is. */
const ALL_TRADING = ['stow', 'smow', 'coow', 'cpow'];

/** Reading is one permission, whatever is read; who may write may read. */
export function switchesIn(authorities: readonly string[]): Inspection['switches'] {
  const writing = authorities.flatMap((each) =>
    each === 'trade' ? ALL_TRADING : READING.includes(each) ? [] : [each],
  );
  return [
    { field: 'read', on: authorities.length > 0 },
    ...[...new Set(writing)].map((field) => ({ field, on: true })),
  ];
}

/** What a Bitget account can do. Asks nobody. */
export const bitgetCapabilities = (options: BitgetOptions): VenueCapabilities => ({
  ...BY_PEOPLE,
  title: 'Bitget',
  // Sizes are not documented; these are what is sure to be taken. UNVERIFIED
  algorithms: ['rsa-2048', 'rsa-4096'],
  page: pageOf(options, 'https://www.bitget.com/account/newapi', '?venue=bitget'),
  registerSteps: [
    'Log in to the account named above, open the page, choose to create an API key, and the self-generated (RSA) kind.',
    'Paste the public key, all of it with its first and last line, and enter the label as the note.',
    'Enter as passphrase the one that keyturn.yaml refers to (accessPassphrase of the venue): every request carries it.',
    'Choose “Read only” or “Read and write”, set every permission as listed here, and enter the addresses.',
    'Confirm with the second factor, and copy the key id (“API Key”).',
  ],
  deleteSteps: deletingAsAnywhere('note'),
  switches: SWITCHES,
  allowlistLabel: 'Bind IP address',
  withoutAllowlist: null,
  labels: { maxLength: 20, wordsOnly: false },
  apiKey: { pattern: /^[A-Za-z0-9_]{10,64}$/, description: '10 or more letters, digits and underscores' },
  // [C-BITGET]; 30 addresses are documented for keys of sub-accounts.
  limits: { keysPerAccount: 10, allowlistEntries: 30, ipv6: false },
});
