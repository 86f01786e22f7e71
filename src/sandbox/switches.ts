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

/** What a new key may do when nobody said otherwise. */
export const READING_ONLY: readonly SwitchField[] = ['enableReading'];

/** Every switch with its position, as the exchange reports them. */
export const positions = (on: readonly SwitchField[]): Record<SwitchField, boolean> =>
  Object.fromEntries(SWITCHES.map(({ field }) => [field, on.includes(field)])) as Record<SwitchField, boolean>;
