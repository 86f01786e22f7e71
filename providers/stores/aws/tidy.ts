import type { Store } from '../../../src/ports/store.ts';
import { usable } from './description.ts';
import { untaggedIn } from './layout.ts';
import { noteFingerprint } from './material.ts';
import { nameUnder } from './names.ts';
import type { ParsedAwsOptions } from './options.ts';
import { repaired } from './record.ts';
import type { Secrets } from './writing.ts';

/** What the next write would do anyway, done now. */
export function tidying(secrets: Secrets, { prefix, recordPrefix }: ParsedAwsOptions): Pick<Store, 'tidy'> {
  return {
    async tidy(key) {
      const done: string[] = [];
      const record = await secrets.describe(nameUnder(recordPrefix, key));
      if (record && (await repaired(secrets, usable(record)))) {
        done.push(`AWSCURRENT of secret ${record.name} moved to the newest revision`);
      }
      const pairs = await secrets.describe(nameUnder(prefix, key));
      for (const generation of pairs ? untaggedIn(usable(pairs)) : []) {
        await noteFingerprint(secrets, nameUnder(prefix, key), key, generation);
        done.push(`the fingerprint of generation ${generation} noted in a tag`);
      }
      return done;
    },
  };
}
