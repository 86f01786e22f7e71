import { createPrivateKey } from 'node:crypto';

/** What must not be found anywhere else, and every form in which it might be written. */

export interface Planted {
  name: string;
  forms: string[];
  /** Files that are there to hold it, relative to the folder of the run. */
  belongsIn: string[];
}

/** A passphrase, token or identity. */
export const planted = (name: string, text: string, ...belongsIn: string[]): Planted => ({
  name,
  forms: [text, ...['base64', 'base64url', 'hex'].map((form) => Buffer.from(text).toString(form as BufferEncoding))],
  belongsIn,
});

/** A private key as it is stored, and opened: lines of PEM, DER, and the numbers it consists of. */
export function plantedKey(name: string, pem: string, passphrase: string | undefined, ...belongsIn: string[]): Planted {
  const key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  const { d, p, q } = key.export({ format: 'jwk' });
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const opened = key.export({ format: 'pem', type: 'pkcs8' }).toString();
  const numbers = [d, p, q].flatMap((part) => (part === undefined ? [] : [Buffer.from(part, 'base64url')]));
  return {
    name,
    forms: [
      ...linesOf(pem),
      ...linesOf(opened),
      ...[der, ...numbers].flatMap((bytes) =>
        (['base64', 'base64url', 'hex'] as const).map((form) => bytes.toString(form).replace(/=+$/, '')),
      ),
    ],
    belongsIn,
  };
}

/** Short last lines would be found by chance. The first line of all encrypted keys may be the same, so it does not count. */
const linesOf = (pem: string): string[] =>
  pem
    .split('\n')
    .slice(pem.includes('ENCRYPTED') ? 2 : 1)
    .filter((line) => line.length >= 24 && !line.startsWith('-----'));

export interface Place {
  name: string;
  text: string;
}

/** `secret in place`, of every secret in every place that is not there to hold it. */
export const leaks = (secrets: readonly Planted[], places: readonly Place[]): string[] =>
  secrets.flatMap(({ name, forms, belongsIn }) =>
    places
      .filter((place) => !belongsIn.includes(place.name) && forms.some((form) => place.text.includes(form)))
      .map((place) => `${name} in ${place.name}`),
  );
