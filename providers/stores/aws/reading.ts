import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../../../src/errors.ts';
import type { Client, Patience } from './client.ts';
import { type Description, descriptionOf } from './description.ts';
import type { ParsedAwsOptions } from './options.ts';

export interface Version {
  id: string;
  text: string;
  createdAt: Date;
}

/** Looking at secrets. */
export interface SecretReads {
  /** Null where there is none. */
  describe(name: string): Promise<Description | null>;
  /** All secrets whose names begin with one of these, those being deleted, too. May lag by minutes. */
  list(beginnings: readonly string[]): AsyncGenerator<Description>;
  /** The version with this label; null where there is no such secret or label. */
  read(name: string, label: string): Promise<Version | null>;
  hasVersion(name: string, id: string): Promise<boolean>;
  /** Waits until the description is as it should be after a write; null when it is not within the time AWS may need. */
  settled(name: string, isShown: (description: Description) => boolean): Promise<Description | null>;
  /** Asks again, for as long as AWS may hide what was written, until there is an answer. */
  insist<T>(ask: () => Promise<T | null>): Promise<T | null>;
}

export function secretReads(client: Client, { region }: ParsedAwsOptions, patience: Patience): SecretReads {
  async function describe(name: string): Promise<Description | null> {
    const answer = await client.read(
      { operation: 'DescribeSecret', secret: name },
      (aws, signal) => aws.describeSecret({ SecretId: name }, signal),
      { ResourceNotFoundException: null },
    );
    return answer && descriptionOf(name, region, answer);
  }

  async function get(name: string, which: { VersionStage: string } | { VersionId: string }): Promise<Version | null> {
    const answer = await client.read(
      { operation: 'GetSecretValue', secret: name },
      (aws, signal) => aws.getSecretValue({ SecretId: name, ...which }, signal),
      { ResourceNotFoundException: null },
    );
    if (answer === null) return null;
    const { VersionId: id, SecretString: text, CreatedDate: createdAt } = answer;
    if (id !== undefined && text !== undefined && createdAt !== undefined) return { id, text, createdAt };
    throw new KeyturnError('corrupt', `secret ${name} holds no text`, {
      hint: 'somebody stored a binary value there; look at its versions with aws secretsmanager describe-secret',
    });
  }

  async function insist<T>(ask: () => Promise<T | null>): Promise<T | null> {
    const until = performance.now() + patience.settle;
    for (let pause = 25; ; pause = Math.min(pause * 2, 2_000)) {
      const answer = await ask();
      if (answer !== null || performance.now() >= until) return answer;
      await sleep(pause);
    }
  }

  async function settled(name: string, isShown: (description: Description) => boolean): Promise<Description | null> {
    return insist(async () => {
      const description = await describe(name);
      return description && isShown(description) ? description : null;
    });
  }

  async function* list(beginnings: readonly string[]): AsyncGenerator<Description> {
    const Filters = [{ Key: 'name' as const, Values: [...beginnings] }];
    let token: string | undefined;
    do {
      const request = {
        MaxResults: 100,
        IncludePlannedDeletion: true,
        Filters,
        ...(token ? { NextToken: token } : {}),
      };
      const { SecretList = [], NextToken } = await client.read(
        { operation: 'ListSecrets', secret: null },
        (aws, signal) => aws.listSecrets(request, signal),
      );
      for (const entry of SecretList) {
        const name = entry.Name ?? '';
        // Whether there are replicas, only DescribeSecret says, and secrets without any need not have a primary region.
        const described = entry.PrimaryRegion ? await describe(name) : null;
        yield described ?? descriptionOf(name, region, entry);
      }
      token = NextToken;
    } while (token);
  }

  return {
    describe,
    list,
    read: (name, label) => get(name, { VersionStage: label }),
    hasVersion: async (name, id) => (await get(name, { VersionId: id })) !== null,
    settled,
    insist,
  };
}
