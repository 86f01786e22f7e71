/**
 * The permission switches of a key: the field that `GET /sapi/v1/account/apiRestrictions` reports and the words that
 * Binance's API-management page has beside the box.
 */
export const SWITCHES = [
  { field: 'enableReading', words: 'Enable Reading' },
  { field: 'enableSpotAndMarginTrading', words: 'Enable Spot & Margin Trading' },
  { field: 'enableMargin', words: 'Margin Loan, Repay & Transfer' },
  { field: 'enableFutures', words: 'Enable Futures' },
  { field: 'enableVanillaOptions', words: 'Enable European Options' },
  { field: 'enablePortfolioMarginTrading', words: 'Portfolio Margin' },
  { field: 'permitsUniversalTransfer', words: 'Permits Universal Transfer' },
  { field: 'enableInternalTransfer', words: 'Enable Internal Transfer' },
  { field: 'enableWithdrawals', words: 'Enable Withdrawals' },
  { field: 'enableFixApiTrade', words: 'FIX API Trading' },
  { field: 'enableFixReadOnly', words: 'FIX API Reading' },
] as const;

export type SwitchField = (typeof SWITCHES)[number]['field'];

/** Every switch with its position, as exchanges report them. */
export const positions = (switches: readonly { field: string }[], on: readonly string[]): Record<string, boolean> =>
  Object.fromEntries(switches.map(({ field }) => [field, on.includes(field)]));
