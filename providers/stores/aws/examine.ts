import { isKeyturnError, type KeyturnError } from '../../../src/errors.ts';
import type { StoreFinding, StoreReader } from '../../../src/ports/store.ts';
import type { Client } from './client.ts';
import type { Description } from './description.ts';
import { currentIn, headOf, untaggedIn } from './layout.ts';
import { CURRENT, keyUnder } from './names.ts';
import type { ParsedAwsOptions } from './options.ts';
import type { SecretReads } from './reading.ts';

/** AWS refuses requests signed more than five minutes off; long before that, dates in records and proofs are wrong. */
const MAX_SKEW_SECONDS = 60;

/** Looks at everything without reading a private half and without writing. Throws `unavailable` where nobody answers. */
export function examination(
  client: Client,
  secrets: SecretReads,
  options: ParsedAwsOptions,
): Pick<StoreReader, 'examine'> {
  const { prefix, recordPrefix } = options;
  return {
    async examine() {
      const looks: (() => Promise<StoreFinding[]>)[] = [
        () => secrets.describe(probeName(prefix)).then(nothing),
        () => secrets.describe(probeName(recordPrefix)).then(nothing),
        () => secrets.read(probeName(recordPrefix), CURRENT).then(nothing),
        () => secretFindings(secrets, options),
      ];
      const findings: StoreFinding[] = [];
      for (const look of looks) findings.push(...(await look().catch(denied)));
      findings.push(...clockFindings(client));
      // Credentials that are no good fail everywhere alike.
      return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
    },
  };
}

/** A name that no key can have: AWS says “not there” to who may ask, and something else to who may not. */
export const probeName = (prefix: string): string => `${prefix}/keyturn-check`;

const nothing = (): StoreFinding[] => [];

function denied(error: unknown): StoreFinding[] {
  if (!isKeyturnError(error, 'denied')) throw error;
  return [finding('aws-denied', 'error', error)];
}

const finding = (
  code: string,
  severity: StoreFinding['severity'],
  { message, hint = '' }: Pick<KeyturnError, 'message' | 'hint'>,
): StoreFinding => ({ code, severity, message, hint });

function clockFindings(client: Client): StoreFinding[] {
  const ahead = Math.round((client.clockAhead() ?? 0) / 1000);
  if (Math.abs(ahead) <= MAX_SKEW_SECONDS) return [];
  const message = `this machine’s clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} AWS`;
  return [
    {
      code: 'aws-clock',
      severity: 'error',
      message,
      hint: 'set this machine’s clock (NTP); dates are wrong until then',
    },
  ];
}

async function secretFindings(secrets: SecretReads, options: ParsedAwsOptions): Promise<StoreFinding[]> {
  const { prefix, recordPrefix } = options;
  const findings: StoreFinding[] = [];
  for await (const description of secrets.list([`${prefix}/`, `${recordPrefix}/`])) {
    const { name, objection } = description;
    const key = keyUnder(prefix, name) ?? keyUnder(recordPrefix, name);
    const about = key === null ? {} : { key };
    if (objection) findings.push({ ...objection, severity: 'error', ...about });
    else if (key !== null) findings.push(...labelFindings(description, options).map((each) => ({ ...each, ...about })));
  }
  return findings;
}

function labelFindings(description: Description, { prefix }: ParsedAwsOptions): StoreFinding[] {
  try {
    return keyUnder(prefix, description.name) === null ? regressed(description) : untagged(description);
  } catch (error) {
    if (!isKeyturnError(error, 'corrupt')) throw error;
    return [finding('aws-foreign-version', 'error', error)];
  }
}

function regressed(description: Description): StoreFinding[] {
  const { revision, regressed: shown } = headOf(description);
  if (shown === null) return [];
  const message = `secret ${description.name} shows revision ${shown} of the record, the newest is ${revision}`;
  const hint = 'the next write moves AWSCURRENT back; until then what is shown of this key is old';
  return [{ code: 'aws-record-regressed', severity: 'warning', message, hint }];
}

function untagged(description: Description): StoreFinding[] {
  currentIn(description);
  return untaggedIn(description).map((generation) => ({
    code: 'aws-untagged',
    severity: 'warning',
    message: `secret ${description.name} has no tag with the fingerprint of generation ${generation}`,
    hint: 'it is noted at the latest when the generation is destroyed',
  }));
}
