import { KeyturnError } from '../../src/errors.ts';
import type { Key, KeyManagement, Listing, Permission, Venue, VenueDependencies } from '../../src/ports/venue.ts';
import type { BinanceClient, SignedRequest } from './binance/client.ts';
import { Anything, Created, Page } from './binance/sub-account-answers.ts';
import { binanceSubAccountCapabilities } from './binance/sub-account-capabilities.ts';
import type { BinanceSubAccountOptions } from './binance/sub-account-options.ts';
import { clientFor, probesOver } from './binance.ts';
import { managerWith } from './managing-key.ts';
import { type Reading, troubleFrom } from './reading.ts';

/**
 * Binance sub-accounts: keys are registered, listed and deleted by API with a key of the master account, and probed as any
 * Binance key (developers.binance.com, sub_account / api-management; the second version of the creating call takes RSA and
 * Ed25519 public keys, in its body only).
 */
const BASE = '/sapi/v1/sub-account/subAccountApi';

export function openBinanceSubAccount(options: BinanceSubAccountOptions, dependencies: VenueDependencies): Venue {
  const client = clientFor(options, dependencies);
  return {
    ...probesOver(client, options, dependencies),
    capabilities: binanceSubAccountCapabilities(options),
    management: managementOf(client, options, dependencies),
  };
}

const PER_PAGE = 100;

function managementOf(
  client: BinanceClient,
  options: BinanceSubAccountOptions,
  dependencies: VenueDependencies,
): KeyManagement {
  const master = managerWith(options.master, dependencies);

  async function ask<Body>(request: SignedRequest<Body>): Promise<Reading<Body>> {
    const reading = await client.signed(request, await master.credential());
    const { kind } = reading.answer;
    if (kind !== 'accepted' && kind !== 'no-information') master.distrust();
    return reading;
  }

  /** A change: done, or refused; anything else leaves its outcome unknown. */
  async function change<Body>(what: string, request: SignedRequest<Body>): Promise<{ body: Body } | Refusal> {
    const { body, answer, detail } = await ask(request);
    if (body !== null) return { body };
    if (answer.kind === 'refused' || answer.why === 'unexpected-answer') {
      if (answer.status !== null && answer.status >= 400 && answer.code !== null) {
        return { outcome: 'refused', message: `${what} was refused (${detail})` };
      }
    }
    throw new KeyturnError('unavailable', `${what}: the venue gave no usable answer (${detail})`, {
      hint: 'whether it took effect is looked up by the next run',
      ambiguous: true,
      ...(answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }),
    });
  }

  const emailOf = (account: string): string => {
    const email = options.emails[account];
    if (email) return email;
    throw new KeyturnError('invalid', `keyturn.yaml names no e-mail address for account ${account}`, {
      hint: 'add it to emails of the venue: the address by which Binance knows the sub-account',
    });
  };

  async function list(account: string): Promise<Listing> {
    const keys: Extract<Listing, { state: 'listed' }>['keys'] = [];
    for (let page = 1; ; page++) {
      const parameters = { email: emailOf(account), page: `${page}`, size: `${PER_PAGE}` };
      const reading = await ask({ method: 'GET', path: BASE, parameters, schema: Page });
      if (reading.body === null) return troubleFrom(reading);
      const { rows, total } = reading.body;
      keys.push(
        ...rows.map(({ apikey, apiName }) => ({
          apiKey: apikey,
          label: apiName ?? null,
          fingerprint: null,
          createdAt: null,
          enabled: true,
        })),
      );
      if (keys.length >= total) return { state: 'listed', keys };
      // A list that ends before its own total is not all of the keys.
      if (rows.length === 0)
        return { state: 'trouble', why: 'unexpected-answer', detail: `${BASE}: an incomplete list` };
    }
  }

  return {
    list,

    async register({ key, publicKey, label }) {
      const cannot = beyondReach(key);
      if (cannot) return { outcome: 'refused', message: cannot };
      const done = await change('registering', {
        method: 'POST',
        path: '/sapi/v2/sub-account/subAccountApi',
        parameters: {
          email: emailOf(key.account),
          apiName: label,
          ...flagsOf(key),
          ...fixFlagsOf(key),
          ...addressesOf(key),
          publicKey,
        },
        schema: Created,
      });
      return 'body' in done ? { outcome: 'registered', apiKey: done.body.apiKey } : done;
    },

    async configure(apiKey, key) {
      const cannot = beyondReach(key);
      if (cannot) return { outcome: 'refused', message: cannot };
      const subject = { email: emailOf(key.account), subAccountApiKey: apiKey };
      // The addresses first: a key that may trade from anywhere is what Binance deletes.
      const addresses = await change('setting the addresses', {
        method: 'POST',
        path: '/sapi/v2/sub-account/subAccountApi/ipRestriction',
        parameters: { ...subject, ...addressesOf(key) },
        schema: Anything,
      });
      if (!('body' in addresses)) return addresses;
      const flags = await change('setting the permissions', {
        method: 'POST',
        path: '/sapi/v1/sub-account/subAccountApiPermission',
        parameters: { ...subject, ...flagsOf(key) },
        schema: Anything,
      });
      return 'body' in flags ? { outcome: 'changed' } : flags;
    },

    async remove(account, { apiKey }) {
      const parameters = { email: emailOf(account), subAccountApiKey: apiKey };
      const done = await change('deleting', { method: 'DELETE', path: BASE, parameters, schema: Anything });
      if ('body' in done) return { outcome: 'changed' };
      const listing = await list(account);
      const isGone = listing.state === 'listed' && !listing.keys.some((each) => each.apiKey === apiKey);
      return isGone ? { outcome: 'absent' } : done;
    },
  };
}

type Refusal = { outcome: 'refused'; message: string };

/** Reading is always on. */
const FLAGS: Partial<Record<Permission, string>> = {
  'spot-trade': 'canTrade',
  margin: 'canMarginLoanRepay',
  'futures-trade': 'canFuturesTrade',
  transfer: 'canUniversalTransfer',
  'options-trade': 'canVanillaOptions',
};
const FIX_FLAGS: Partial<Record<Permission, string>> = {
  'fix-trade': 'canFixApiTrading',
  'fix-read': 'canFixApiReading',
};

const flags = (table: Partial<Record<Permission, string>>, { permissions }: Key): Record<string, string> =>
  Object.fromEntries(
    Object.entries(table).map(([permission, flag]) => [flag, `${permissions.includes(permission as Permission)}`]),
  );

const flagsOf = (key: Key) => flags(FLAGS, key);

/** Refused for any other kind of key, even when they are off. */
const fixFlagsOf = (key: Key) => (key.algorithm === 'ed25519' ? flags(FIX_FLAGS, key) : {});

const addressesOf = ({ ipAllowlist }: Key): Record<string, string> =>
  ipAllowlist.length === 0 ? { status: '1' } : { status: '2', ipAddress: ipAllowlist.join(',') };

const MAX_ADDRESSES_LENGTH = 500;

function beyondReach({ permissions, ipAllowlist }: Key): string | null {
  const unknown = permissions.filter((each) => each !== 'read' && !FLAGS[each] && !FIX_FLAGS[each]);
  if (unknown.length > 0) return `Binance’s sub-account API cannot give ${unknown.join(', ')}`;
  if (ipAllowlist.join(',').length <= MAX_ADDRESSES_LENGTH) return null;
  return `the allowlist is longer than the ${MAX_ADDRESSES_LENGTH} characters Binance’s sub-account API takes`;
}
