import type { DescribeSecretResponse, SecretListEntry } from '@aws-sdk/client-secrets-manager';
import { KeyturnError } from '../../../src/errors.ts';

/** One secret without its values. */
export interface Description {
  name: string;
  /** Labels by version; versions without any are not in it. */
  labels: ReadonlyMap<string, readonly string[]>;
  tags: ReadonlyMap<string, string>;
  /** Why keyturn keeps away from this secret; null when it does not. */
  objection: Objection | null;
}

export interface Objection {
  code: 'aws-rotated' | 'aws-managed' | 'aws-replicated' | 'aws-being-deleted';
  message: string;
  hint: string;
}

export const holderOf = ({ labels }: Pick<Description, 'labels'>, label: string): string | null =>
  [...labels].find(([, own]) => own.includes(label))?.[0] ?? null;

/** Throws what there is to object to. */
export function usable(description: Description): Description {
  const { objection } = description;
  if (objection === null) return description;
  throw new KeyturnError('refused', objection.message, { hint: objection.hint });
}

/** DescribeSecret and ListSecrets say much the same of a secret, and call the labels differently. */
type Answer = DescribeSecretResponse & Pick<SecretListEntry, 'SecretVersionsToStages'>;

export function descriptionOf(name: string, region: string, answer: Answer): Description {
  const stages = answer.VersionIdsToStages ?? answer.SecretVersionsToStages;
  return {
    name,
    // moto lists versions without labels, too.
    labels: new Map(Object.entries(stages ?? {}).filter(([, labels]) => labels.length > 0)),
    tags: new Map((answer.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
    objection: objectionTo(name, answer, region),
  };
}

/** Somebody else would write to it, or it is about to go: keyturn then neither reads nor writes it. */
function objectionTo(name: string, secret: Answer, region: string): Objection | null {
  if (secret.DeletedDate) {
    return {
      code: 'aws-being-deleted',
      message: `secret ${name} is scheduled for deletion`,
      hint: `aws secretsmanager restore-secret --region ${region} --secret-id ${name}`,
    };
  }
  if (secret.RotationEnabled) {
    return {
      code: 'aws-rotated',
      message: `AWS rotates secret ${name} by itself`,
      hint: `aws secretsmanager cancel-rotate-secret --region ${region} --secret-id ${name}, or choose another prefix`,
    };
  }
  if (secret.Type || secret.OwningService) {
    return {
      code: 'aws-managed',
      message: `secret ${name} belongs to another service (${secret.OwningService ?? secret.Type})`,
      hint: 'choose another prefix or recordPrefix in keyturn.yaml',
    };
  }
  const isElsewhere = secret.PrimaryRegion !== undefined && secret.PrimaryRegion !== region;
  if (isElsewhere || (secret.ReplicationStatus ?? []).length > 0) {
    return {
      code: 'aws-replicated',
      message: isElsewhere
        ? `secret ${name} in ${region} is a replica; its primary region is ${secret.PrimaryRegion}`
        : `secret ${name} is replicated to other regions, where a retired key would live on`,
      hint: isElsewhere
        ? `set region: ${secret.PrimaryRegion} in keyturn.yaml`
        : `aws secretsmanager remove-regions-from-replication --region ${region} --secret-id ${name}`,
    };
  }
  return null;
}
