/** Finds private keys and other secrets in any text, also in comments and in base64 over several lines. */

export interface Sighting {
  /** In UTF-16 units, as strings count. */
  offset: number;
  /** Names the kind, never the thing. */
  what: string;
}

/** What separates the parts of a longer text in YAML and JSON: white space, quotes, comment signs, escaped line ends. */
const SEPARATORS = /(?:\\[nrt]|[\s#"'\\,|>])+/g;

/**
 * Looked for after all separators are taken out, so that wrapping and comment signs hide nothing. The base64 patterns are
 * what the DER header of each kind looks like, by the length of its length field, and the words `BEGIN` and `PRIVATE KEY`
 * of a PEM header in each of the three ways they can fall into base64 groups.
 */
const PRIVATE_KEYS: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a private key (PEM)', pattern: /-{4,5}BEGIN[A-Z0-9]*PRIVATEKEY(?:BLOCK)?-{4,5}/g },
  {
    what: 'a private key (PEM in base64)',
    pattern: /(?:QkVHSU4g|CRUdJTi|JFR0lOI).{0,24}(?:UFJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW)/g,
  },
  { what: 'a private key (PKCS#8 in base64)', pattern: /MI[I-L].{2}[AQgw]IBAD[A-D]|MI[E-H].AgEAM|M[A-H].CAQAw/g },
  { what: 'a private key (PKCS#1 in base64)', pattern: /MI[I-L].{2}[AQgw]IBAAK/g },
  { what: 'a private key (SEC1 in base64)', pattern: /M[A-H].CAQEEI|MI[E-H].AgEBB[A-P]/g },
  {
    what: 'an encrypted private key (PKCS#8 in base64)',
    pattern: /BgkqhkiG9w0B(?:BQ|DA)|CSqGSIb3DQ(?:EF|EM)|KoZIhvcNAQ(?:U|w)/g,
  },
  { what: 'an age identity', pattern: /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{8}/gi },
  { what: 'an OpenSSH private key (base64)', pattern: /b3BlbnNzaC1rZXktdjE/g },
];

/** Looked for in the text as it stands. */
const OTHERS: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a Vault token', pattern: /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/g },
  { what: 'a password in an address', pattern: /\b[a-z][a-z0-9+.-]{1,14}:\/\/[^\s/:@"']{0,200}:[^\s/@"']{1,200}@/gi },
];

/** Characters within which two findings are of one thing, as a PEM header and the DER behind it are. */
const ONE_THING = 64;

/** In the order of the text, apart from those not wrapped anywhere, which come last. */
export function findSecretMaterial(text: string): Sighting[] {
  const joined = text.replace(SEPARATORS, '');
  const keys = sightings(joined, PRIVATE_KEYS).filter(
    ({ offset }, place, all) => offset - (all[place - 1]?.offset ?? -ONE_THING) >= ONE_THING,
  );
  return [
    ...keys.map(({ offset, what }) => ({ offset: offsetBefore(text, offset), what })),
    ...sightings(text, OTHERS),
  ];
}

function sightings(text: string, kinds: readonly { what: string; pattern: RegExp }[]): Sighting[] {
  const all = kinds.flatMap(({ what, pattern }) =>
    Array.from(text.matchAll(pattern), ({ index }) => ({ offset: index, what })),
  );
  return all.sort((a, b) => a.offset - b.offset);
}

/** Where in the text stands what is at this offset once separators are out. */
function offsetBefore(text: string, joinedOffset: number): number {
  let offset = joinedOffset;
  for (const { index, 0: separator } of text.matchAll(SEPARATORS)) {
    if (index > offset) break;
    offset += separator.length;
  }
  return offset;
}
