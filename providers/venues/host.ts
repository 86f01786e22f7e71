import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
import { isLoopback, isSafeAddress } from '../address.ts';

/** Where a venue is. */

const httpAddress = z.url({
  protocol: /^https?$/,
  error: 'write an address such as https://api.binance.com',
  abort: true,
});

function isBare(url: string): boolean {
  const { username, password, search, hash } = new URL(url);
  return username + password + search + hash === '';
}

/** Of an API: everything that is signed goes there, so plain http is for this machine only. */
export const hostAddress = httpAddress.check(
  z.refine(isSafeAddress, { error: 'write https://; plain http is for this machine only', abort: true }),
  z.refine(isBare, { error: 'write the address alone, without user, password, query and fragment' }),
);

/** The options every kind of venue has. */
export const hostOptions = (baseUrl: string) =>
  z.strictObject({
    baseUrl: about(
      z._default(hostAddress, baseUrl),
      'Address of the REST API; plain http is accepted for this machine only',
    ),
    page: about(z.optional(httpAddress), 'The page where people create and delete keys, for task cards'),
  });

export interface Host {
  baseUrl: string;
  page?: string | undefined;
}

export const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

const SANDBOX_PAGE = '/en/my/settings/api-management';

/** The page for people. A venue on this machine is a rehearsal, and the sandbox serves the page of each; `query` says whose. */
export const pageOf = ({ baseUrl, page }: Host, website: string, query = ''): string =>
  page ?? (isLoopback(baseUrl) ? `${withoutSlash(baseUrl)}${SANDBOX_PAGE}${query}` : website);
