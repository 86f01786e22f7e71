import type { Clock } from '../../../src/ports/clock.ts';
import type { OpenStore, StoreReader } from '../../../src/ports/store.ts';
import { connect, PATIENCE, type Patience } from './client.ts';
import { evidenceShelf } from './evidence.ts';
import { examination, probeName } from './examine.ts';
import { materialShelf } from './material.ts';
import { type AwsOptions, parseOptions } from './options.ts';
import { passphraseShelf } from './passphrases.ts';
import { promotion } from './promote.ts';
import { reader } from './reader.ts';
import { secretReads } from './reading.ts';
import { recordWriter } from './record.ts';
import { retirement } from './retire.ts';
import { tidying } from './tidy.ts';
import { openSecrets } from './writing.ts';

/** AWS Secrets Manager; layout.ts draws what lies where. */

export interface AwsDependencies {
  clock: Clock;
  /** Other waiting times than PATIENCE, for tests that make AWS fail. */
  patience?: Patience;
}

/** The reading half asks for DescribeSecret, and GetSecretValue of records only. */
export function openAws(options: AwsOptions, { clock, patience = PATIENCE }: AwsDependencies): OpenStore {
  const parsed = parseOptions(options);
  const { prefix, recordPrefix } = parsed;
  const client = connect(parsed, clock, patience);
  const reads = secretReads(client, parsed, patience);
  const secrets = openSecrets(client, reads, parsed);
  const read: StoreReader = { ...reader(reads, parsed), ...examination(client, reads, parsed) };
  return {
    reader: read,
    store: {
      ...read,
      ...recordWriter(secrets, recordPrefix),
      ...materialShelf(secrets, prefix),
      ...promotion(secrets, prefix),
      ...retirement(secrets, prefix),
      ...evidenceShelf(secrets, recordPrefix),
      ...passphraseShelf(secrets, prefix),
      ...tidying(secrets, parsed),

      async check(use) {
        await secrets.describe(probeName(recordPrefix));
        if (use === 'material') await secrets.describe(probeName(prefix));
      },
    },
  };
}
