import { KeyturnError } from '../../../src/errors.ts';
import { isKeyId } from './names.ts';
import type { ParsedAwsOptions } from './options.ts';

/**
 * Who a policy is for: `worker` acts, `planner` only looks, `consumer` is an application that reads its key, and
 * `passphrase-consumer` one that reads passphrases of keys in another store.
 */
export type IamRole = 'worker' | 'planner' | 'consumer' | 'passphrase-consumer';

export interface IamStatement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string;
  Condition?: Record<string, Record<string, string>>;
}

export interface IamPolicy {
  Version: '2012-10-17';
  Statement: IamStatement[];
}

export interface IamScope {
  /** Twelve digits, or `*`. */
  accountId: string;
  /** Only this key, `account/name`; undefined: all. */
  key?: string | undefined;
}

/** The least that works, as IAM wants it. Deleting is in none: keyturn never deletes a secret. */
export function iamPolicy(options: ParsedAwsOptions, role: IamRole, { accountId, key = '*' }: IamScope): IamPolicy {
  if (key !== '*' && !isKeyId(key)) {
    throw new KeyturnError('usage', `“${key}” is not a key id`, { hint: 'write account/name' });
  }
  const { region, prefix, recordPrefix, tags } = options;
  const arn = (service: string, resource: string) =>
    `arn:${partitionOf(region)}:${service}:${region}:${accountId}:${resource}`;
  // AWS appends a dash and six characters to a name; evidence lies below the record’s.
  const keys = arn('secretsmanager', `secret:${prefix}/${key === '*' ? key : `${key}-??????`}`);
  const records = arn('secretsmanager', `secret:${recordPrefix}/${key === '*' ? key : `${key}*`}`);
  const allow = (
    Sid: string,
    actions: string[],
    Resource: string,
    Condition?: IamStatement['Condition'],
  ): IamStatement => ({
    Sid,
    Effect: 'Allow',
    Action: actions.map((action) => (action.includes(':') ? action : `secretsmanager:${action}`)),
    Resource,
    ...(Condition ? { Condition } : {}),
  });
  const kms = (actions: string[]) => kmsStatements(options, actions, arn, allow);
  const readStage = (operator: 'StringEquals' | 'StringLike', stage: string) => ({
    [operator]: { 'secretsmanager:VersionStage': stage },
  });
  // ListSecrets cannot be narrowed to names.
  const look = [
    allow('ListSecrets', ['ListSecrets'], '*'),
    allow('LookAtKeys', ['DescribeSecret'], keys),
    allow('ReadRecords', ['DescribeSecret', 'GetSecretValue'], records),
  ];
  const write = ['CreateSecret', 'PutSecretValue', 'UpdateSecretVersionStage'];
  // Keys always carry tags of ours; records only those of keyturn.yaml.
  const tagRecords = Object.keys(tags).length > 0 ? ['TagResource'] : [];
  const statements = {
    planner: [...look, ...kms(['kms:Decrypt'])],
    worker: [
      ...look,
      allow('ReadKeysByLabel', ['GetSecretValue'], keys, readStage('StringLike', 'keyturn-*')),
      allow('WriteKeys', [...write, 'TagResource', 'UntagResource'], keys),
      allow('WriteRecords', [...write, ...tagRecords], records),
      ...kms(['kms:Decrypt', 'kms:GenerateDataKey']),
    ],
    consumer: [
      allow('ReadCurrentKey', ['GetSecretValue'], keys, readStage('StringEquals', 'AWSCURRENT')),
      ...kms(['kms:Decrypt']),
    ],
    'passphrase-consumer': [
      allow('ReadPassphrases', ['GetSecretValue'], keys, readStage('StringLike', 'keyturn-p*')),
      ...kms(['kms:Decrypt']),
    ],
  } satisfies Record<IamRole, IamStatement[]>;
  return { Version: '2012-10-17', Statement: statements[role] };
}

/** A key of one’s own, used only by way of Secrets Manager. An alias is no resource, so it becomes a condition. */
function kmsStatements(
  { kmsKeyId, region }: ParsedAwsOptions,
  actions: string[],
  arn: (service: string, resource: string) => string,
  allow: (sid: string, actions: string[], resource: string, condition: IamStatement['Condition']) => IamStatement,
): IamStatement[] {
  if (kmsKeyId === undefined) return [];
  const alias = /(?:^|:)(alias\/.+)$/.exec(kmsKeyId)?.[1];
  const key = alias ? arn('kms', 'key/*') : kmsKeyId.startsWith('arn:') ? kmsKeyId : arn('kms', `key/${kmsKeyId}`);
  const service = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return [
    allow('UseKmsKey', actions, key, {
      StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${service}` },
      ...(alias ? { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } } : {}),
    }),
  ];
}

const PARTITIONS: readonly [RegExp, string][] = [
  [/^cn-/, 'aws-cn'],
  [/^us-gov-/, 'aws-us-gov'],
  [/^us-isob-/, 'aws-iso-b'],
  [/^us-iso-/, 'aws-iso'],
];

const partitionOf = (region: string): string => PARTITIONS.find(([pattern]) => pattern.test(region))?.[1] ?? 'aws';
