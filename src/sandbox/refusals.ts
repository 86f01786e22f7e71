import { type Answer, json } from './http.ts';

/** The hosts whose paths the sandbox plays; they refuse in different words. */
export type Family = 'api' | 'sapi' | 'fapi';

/** The exchange's error body: `{ code, msg }`. */
export const refusal = (status: number, code: number, msg: string): Answer => ({
  ...json(status, { code, msg }),
  code,
});

/**
 * Unknown key, address or permission: the exchange does not say which. Wallet paths answer 400 where the others
 * answer 401, and futures name the caller's address, without a full stop.
 */
export function rejected(family: Family, address: string): Answer {
  const text = 'Invalid API-key, IP, or permissions for action';
  if (family === 'fapi') return refusal(401, -2015, `${text}, request ip: ${address}`);
  return refusal(family === 'sapi' ? 400 : 401, -2015, `${text}.`);
}

/** Only wallet paths have a code of their own for a key id they never heard of. */
export const unknownKey = (family: Family, address: string): Answer =>
  family === 'sapi' ? refusal(400, -2008, 'Invalid Api-Key ID.') : rejected(family, address);

export const malformedKey = (): Answer => refusal(401, -2014, 'API-key format invalid.');

export const badSignature = (): Answer => refusal(400, -1022, 'Signature for this request is not valid.');

export const tooOld = (): Answer => refusal(400, -1021, 'Timestamp for this request is outside of the recvWindow.');

export const tooEarly = (): Answer =>
  refusal(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.");

export const missing = (name: string): Answer =>
  refusal(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);

export const tooGreat = (name: string, limit: number): Answer =>
  refusal(400, -1102, `'${name}' contains unexpected value. Cannot be greater than '${limit}'.`);

export const illegalCharacters = (): Answer => refusal(400, -1100, 'Illegal characters found in a parameter.');

export const repeatedParameter = (): Answer => refusal(400, -1101, 'Duplicate values for a parameter detected.');

export const internalError = (): Answer =>
  refusal(500, -1000, 'An unknown error occurred while processing the request.');

/** Each host has its own way of not knowing a path. */
export function unknownPath(family: Family, method: string, path: string, now: Date): Answer {
  if (family === 'fapi') return refusal(404, -5000, `Path ${path}, Method ${method} is invalid`);
  if (family === 'sapi') {
    return json(404, {
      timestamp: now.getTime(),
      status: 404,
      error: 'Not Found',
      message: 'No message available',
      path,
    });
  }
  return {
    status: 404,
    headers: { 'content-type': 'text/html' },
    body: '<html><body><h2>404 Not found</h2></body></html>',
  };
}

export const wrongMethod = (family: Family, method: string, path: string, now: Date): Answer =>
  family === 'fapi'
    ? unknownPath(family, method, path, now)
    : refusal(405, -1000, `Request method '${method}' not supported`);
