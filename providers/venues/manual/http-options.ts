import { z } from 'zod';
import { addressTemplate } from './address.ts';
import { JwtOptions } from './jwt.ts';
import { covers, Matcher } from './matcher.ts';
import { placeholdersIn, templateOf } from './template.ts';

/** A probe by one HTTP request: what is sent, what of it is signed, and what the answers look like. */

const SIGNABLE = ['apiKey', 'timestamp', 'nonce'] as const;
const SENDABLE = [...SIGNABLE, 'signature', 'jwt'] as const;

const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'must have letters, digits and hyphens only' });
const HeaderValue = templateOf(SENDABLE).refine((value) => /^[\x20-\x7e]*$/.test(value), {
  error: 'must be one line of ASCII',
});

const Health = z
  .strictObject({
    url: addressTemplate([]).describe('Answered with a status below 400 while the service is well'),
    clock: z
      .strictObject({
        path: z.string().min(1).describe('Field of the JSON body that holds the service’s time'),
        unit: z.enum(['s', 'ms']).default('ms').describe('Seconds or milliseconds since 1970'),
      })
      .optional()
      .describe('Where the answer shows the service’s time; otherwise its Date header does'),
  })
  .describe('A request without a key that shows whether the service is well');

export const HttpProbe = z
  .strictObject({
    method: z.enum(['GET', 'POST']).default('GET').describe('A request that changes nothing'),
    url: addressTemplate(SENDABLE).describe('Address, with placeholders; plain http is for this machine only'),
    headers: z.record(HeaderName, HeaderValue).default({}).describe('Headers, with placeholders'),
    body: templateOf(SENDABLE).optional().describe('Body of a POST, with placeholders'),
    sign: templateOf(SIGNABLE).optional().describe('The text that {signature} signs, such as "{timestamp}{apiKey}"'),
    signature: z.enum(['base64', 'base64url', 'hex']).default('base64').describe('How {signature} is written'),
    timestamp: z.enum(['s', 'ms']).default('ms').describe('Whether {timestamp} is in seconds or milliseconds'),
    jwt: JwtOptions.optional().describe('The token that {jwt} stands for, signed by the key'),
    alive: Matcher.describe('The answer to a key that works'),
    dead: Matcher.describe('The answer to a key the service does not know'),
    refused: Matcher.optional().describe('The answer to a key it knows and refuses: disabled, or a foreign address'),
    health: Health.optional(),
  })
  .superRefine(({ method, url, headers, body, sign, jwt, alive, dead }, context) => {
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
  });
export type HttpProbe = z.infer<typeof HttpProbe>;
