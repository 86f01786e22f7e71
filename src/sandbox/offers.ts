import { randomInt } from 'node:crypto';
import { KeyturnError } from '../errors.ts';
import type { PublicKey } from './public-key.ts';
import { SWITCHES as BINANCE } from './switches.ts';

/** What each exchange offers on its page for keys: its switches and words, and which keys it takes. */

export const HOUSES = ['binance', 'bybit', 'deribit', 'bitget'] as const;
export type HouseName = (typeof HOUSES)[number];

export interface Offer {
  title: string;
  switches: readonly { field: string; words: string }[];
  /** What a new key may do when nobody said otherwise. */
  initiallyOn: readonly string[];
  kinds: readonly PublicKey['kind'][];
  maxKeys: number;
  labels: { maxLength: number; wordsOnly: boolean };
  /** Whether people choose a passphrase that every request must carry. */
  hasPassphrase: boolean;
  newKeyId(): string;
}

const random = (length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const RSA_ONLY = ['RSA 2048', 'RSA 4096'] as const;

export const OFFERS: Record<HouseName, Offer> = {
  binance: {
    title: 'Binance',
    switches: BINANCE,
    initiallyOn: ['enableReading'],
    kinds: [...RSA_ONLY, 'Ed25519'],
    maxKeys: 30,
    labels: { maxLength: 100, wordsOnly: false },
    hasPassphrase: false,
    newKeyId: () => random(64, ALPHANUMERIC),
  },
  bybit: {
    title: 'Bybit',
    // As `GET /v5/user/query-api` groups them; without the first, all others only read.
    switches: [
      { field: 'readWrite', words: 'Read-Write' },
      { field: 'ContractTrade.Order', words: 'Contracts – Orders' },
      { field: 'ContractTrade.Position', words: 'Contracts – Positions' },
      { field: 'Derivatives.DerivativesTrade', words: 'Derivatives – Trade' },
      { field: 'Spot.SpotTrade', words: 'Spot – Trade' },
      { field: 'Options.OptionsTrade', words: 'USDC Contracts – Trade' },
      { field: 'Wallet.AccountTransfer', words: 'Wallet – Account Transfer' },
      { field: 'Wallet.SubMemberTransfer', words: 'Wallet – Subaccount Transfer' },
      { field: 'Wallet.Withdraw', words: 'Wallet – Withdrawal' },
      { field: 'Exchange.ExchangeHistory', words: 'Exchange – Convert' },
      { field: 'Earn.Earn', words: 'Earn' },
    ],
    initiallyOn: [],
    kinds: RSA_ONLY,
    maxKeys: 20,
    labels: { maxLength: 100, wordsOnly: false },
    hasPassphrase: false,
    newKeyId: () => random(18, ALPHANUMERIC),
  },
  deribit: {
    title: 'Deribit',
    switches: ['account', 'trade', 'wallet', 'block_trade', 'block_rfq'].flatMap((scope) => [
      { field: `${scope}:read`, words: `${scope}: read` },
      { field: `${scope}:read_write`, words: `${scope}: read_write` },
    ]),
    initiallyOn: ['account:read'],
    kinds: ['RSA 2048', 'RSA 3072', 'RSA 4096', 'Ed25519'],
    maxKeys: 8,
    labels: { maxLength: 16, wordsOnly: true },
    hasPassphrase: false,
    newKeyId: () => random(8, ALPHANUMERIC),
  },
  bitget: {
    title: 'Bitget',
    // As `GET /api/v2/spot/account/info` names them.
    switches: [
      { field: 'stor', words: 'Spot – read' },
      { field: 'stow', words: 'Spot – trade' },
      { field: 'smor', words: 'Margin – read' },
      { field: 'smow', words: 'Margin – trade' },
      { field: 'coor', words: 'Futures orders – read' },
      { field: 'coow', words: 'Futures orders – trade' },
      { field: 'cpor', words: 'Futures holdings – read' },
      { field: 'cpow', words: 'Futures holdings – trade' },
      { field: 'ttow', words: 'Copy trading – trade' },
      { field: 'taxr', words: 'Tax – read' },
      { field: 'wtow', words: 'Wallet – transfer' },
      { field: 'wwow', words: 'Wallet – withdraw' },
    ],
    initiallyOn: ['stor'],
    kinds: RSA_ONLY,
    maxKeys: 10,
    labels: { maxLength: 20, wordsOnly: false },
    hasPassphrase: true,
    newKeyId: () => `bg_${random(32, 'abcdef0123456789')}`,
  },
};

/** The exchange that a query or form names, Binance when it names none. Throws `invalid`. */
export function houseNamed(parameters: URLSearchParams): HouseName {
  const name = parameters.get('venue') || 'binance';
  const house = HOUSES.find((each) => each === name);
  if (house) return house;
  throw new KeyturnError('invalid', 'the sandbox plays no such exchange', { hint: `known: ${HOUSES.join(', ')}` });
}
