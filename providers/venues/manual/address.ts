import * as z from 'zod/mini';
import { isLoopback } from '../../address.ts';
import { fill, placeholdersIn, templateOf } from './template.ts';

/** Where a service answers: an address with placeholders, but not in its host. */
export const addressTemplate = (placeholders: readonly string[]) =>
  templateOf(placeholders).check(
    z.superRefine((template, context) => {
      const fault = faultOf(template);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    }),
  );

function faultOf(template: string): string | null {
  const address = exampleOf(template, 'x');
  if (address === null || !/^https?:$/.test(address.protocol))
    return 'must be an address such as https://api.internal/me';
  if (exampleOf(template, 'y')?.host !== address.host) return 'must not have placeholders in its host';
  if (address.username + address.password + address.hash !== '')
    return 'must have neither user nor password nor fragment';
  const isPlain = address.protocol === 'http:' && !isLoopback(address.href);
  return isPlain ? 'must be an https:// address; plain http is for this machine only' : null;
}

function exampleOf(template: string, value: string): URL | null {
  const values = Object.fromEntries(placeholdersIn(template).map((name) => [name, value]));
  const text = fill(template, values);
  return URL.canParse(text) ? new URL(text) : null;
}
