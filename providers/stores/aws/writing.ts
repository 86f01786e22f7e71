import { KeyturnError } from '../../../src/errors.ts';
import type { Client } from './client.ts';
import type { Description } from './description.ts';
import { CURRENT } from './names.ts';
import type { ParsedAwsOptions } from './options.ts';
import type { SecretReads } from './reading.ts';

/**
 * Secrets, versions and labels, as much of them as a store needs. AWS shows even to a writer only after a while what was
 * written; so whoever writes waits until it can be seen, and whoever comes later does not decide on what is over.
 */
export interface Secrets extends SecretReads {
  /** Makes the secret, with a placeholder in it, unless it is there. */
  create(name: string, placeholderId: string): Promise<Description>;
  /**
   * Makes a version with this label, or with AWSCURRENT for null. False: its id is taken by another value. Where it is
   * taken by the same value nothing happens, and labels stay where they are.
   */
  put(name: string, id: string, text: string, label: string | null): Promise<boolean>;
  /** Moves a label if `from` has it; `to` null takes it off. False: AWS refused. */
  move(name: string, label: string, move: { from: string; to: string | null }): Promise<boolean>;
  tag(name: string, tags: Readonly<Record<string, string>>): Promise<void>;
  untag(name: string, keys: readonly string[]): Promise<void>;
}

/** Largest value of a version, in bytes. */
const MAX_VALUE_BYTES = 65_536;

export function openSecrets(client: Client, reads: SecretReads, { kmsKeyId, tags }: ParsedAwsOptions): Secrets {
  /** A secret that was seen a moment ago is there, whatever one answer says. */
  async function write<T>(
    operation: string,
    name: string,
    send: Parameters<typeof client.write<T, T | null>>[1],
    expected: Readonly<Record<string, T>> = {},
  ): Promise<T> {
    const answer = await reads.insist<T>(() =>
      client.write({ operation, secret: name }, send, { ...expected, ResourceNotFoundException: null }),
    );
    if (answer !== null) return answer;
    throw new KeyturnError('not-found', `secret ${name} is gone (${operation})`, {
      hint: 'somebody deleted it; restore it, what others deleted is not made again',
    });
  }

  return {
    ...reads,

    async create(name, placeholderId) {
      const request = {
        Name: name,
        ClientRequestToken: placeholderId,
        SecretString: PLACEHOLDER,
        Description: 'Kept by keyturn',
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
      };
      await client.write(
        { operation: 'CreateSecret', secret: name },
        (aws, signal) => aws.createSecret(request, signal),
        { ResourceExistsException: null },
      );
      const made = await reads.settled(name, ({ labels }) => labels.size > 0);
      if (made) return made;
      throw notShown(name, 'the secret just made');
    },

    async put(name, id, text, label) {
      const bytes = Buffer.byteLength(text);
      if (bytes > MAX_VALUE_BYTES) {
        throw new KeyturnError(
          'quota',
          `${bytes} bytes are too many for secret ${name}: AWS takes ${MAX_VALUE_BYTES}`,
          {
            hint: 'nothing was sent; use a smaller key, or have previous generations proven and destroyed',
          },
        );
      }
      const request = {
        SecretId: name,
        ClientRequestToken: id,
        SecretString: text,
        VersionStages: [label ?? CURRENT],
      };
      return write<boolean>(
        'PutSecretValue',
        name,
        (aws, signal) => aws.putSecretValue(request, signal).then(() => true),
        {
          ResourceExistsException: false,
        },
      );
    },

    move(name, label, { from, to }) {
      const request = {
        SecretId: name,
        VersionStage: label,
        RemoveFromVersionId: from,
        ...(to === null ? {} : { MoveToVersionId: to }),
      };
      return write<boolean>(
        'UpdateSecretVersionStage',
        name,
        (aws, signal) => aws.updateSecretVersionStage(request, signal).then(() => true),
        { InvalidParameterException: false, InvalidRequestException: false },
      );
    },

    async tag(name, added) {
      const Tags = Object.entries(added).map(([Key, Value]) => ({ Key, Value }));
      await write('TagResource', name, (aws, signal) => aws.tagResource({ SecretId: name, Tags }, signal));
    },

    async untag(name, keys) {
      await write('UntagResource', name, (aws, signal) =>
        aws.untagResource({ SecretId: name, TagKeys: [...keys] }, signal),
      );
    },
  };
}

const PLACEHOLDER = JSON.stringify({ keyturn: 'uninitialised' });

/** Whether a write was done is known; whether everybody sees it is not. */
export const notShown = (name: string, what: string): KeyturnError =>
  new KeyturnError('unavailable', `AWS does not show ${what} in secret ${name} yet`, {
    hint: 'run again in a few minutes; nothing is made twice',
    ambiguous: true,
  });
