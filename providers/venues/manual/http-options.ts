import * as z from 'zod/mini';
import { about } from '../../../src/core/about.ts';
import { addressTemplate } from './address.ts';
import { JwtOptions } from './jwt.ts';
import { covers, Matcher } from './matcher.ts';
import { placeholdersIn, templateOf } from './template.ts';

/** A probe by one HTTP request: what is sent, what of it is signed, and what the answers look like. */

const SIGNABLE = ['apiKey', 'timestamp', 'nonce'] as const;
const SENDABLE = [...SIGNABLE, 'signature', 'jwt'] as const;

const HeaderName = z
  .string()
  .check(z.regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'must have letters, digits and hyphens only' }));
const HeaderValue = templateOf(SENDABLE).check(
  z.refine((value) => /^[\x20-\x7e]*$/.test(value), {
    error: 'must be one line of ASCII',
  }),
);

const Health = about(
  z.strictObject({
    url: about(addressTemplate([]), 'Answered with a status below 400 while the service is well'),
    clock: about(
      z.optional(
        z.strictObject({
          path: about(z.string().check(z.minLength(1)), 'Field of the JSON body that holds the service’s time'),
          unit: about(z._default(z.enum(['s', 'ms']), 'ms'), 'Seconds or milliseconds since 1970'),
        }),
      ),
      'Where the answer shows the service’s time; otherwise its Date header does',
    ),
  }),
  'A request without a key that shows whether the service is well',
);

export const HttpProbe = z
  .strictObject({
    method: about(z._default(z.enum(['GET', 'POST']), 'GET'), 'A request that changes nothing'),
    url: about(addressTemplate(SENDABLE), 'Address, with placeholders; plain http is for this machine only'),
    headers: about(z._default(z.record(HeaderName, HeaderValue), {}), 'Headers, with placeholders'),
    body: about(z.optional(templateOf(SENDABLE)), 'Body of a POST, with placeholders'),
    sign: about(z.optional(templateOf(SIGNABLE)), 'The text that {signature} signs, such as "{timestamp}{apiKey}"'),
    signature: about(z._default(z.enum(['base64', 'base64url', 'hex']), 'base64'), 'How {signature} is written'),
    timestamp: about(z._default(z.enum(['s', 'ms']), 'ms'), 'Whether {timestamp} is in seconds or milliseconds'),
    jwt: about(z.optional(JwtOptions), 'The token that {jwt} stands for, signed by the key'),
    alive: about(Matcher, 'The answer to a key that works'),
    dead: about(Matcher, 'The answer to a key the service does not know'),
    refused: about(z.optional(Matcher), 'The answer to a key it knows and refuses: disabled, or a foreign address'),
    health: z.optional(Health),
  })
  .check(
    z.superRefine(({ method, url, headers, body, sign, jwt, alive, dead }, context) => {
      const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
      const used = new Set([url, ...Object.values(headers), body ?? ''].flatMap(placeholdersIn));
      for (const [name, given] of [
        ['signature', sign],
        ['jwt', jwt],
      ] as const) {
        const option = name === 'signature' ? 'sign' : name;
        if (used.has(name) !== (given !== undefined))
          complain(option, `must be there if, and only if, {${name}} is used`);
      }
      if (!used.has('signature') && !used.has('jwt'))
        complain('url', 'must be sent with {signature} or {jwt} somewhere, or the answer says nothing about the key');
      if (body !== undefined && method === 'GET') complain('body', 'may only be sent with method: POST');
      if (covers(dead, alive) || covers(alive, dead))
        complain('dead', 'must not fit the answers that alive fits: name what only unknown keys get');
    }),
  );
export type HttpProbe = z.infer<typeof HttpProbe>;
