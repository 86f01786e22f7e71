import { KeyturnError } from '../errors.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { type IamRole, iamPolicy } from '../wire.ts';
import type { CommandIo } from './io.ts';
import { storeOfKind } from './store-of-kind.ts';

export interface PolicyIamOptions {
  config?: string | undefined;
  role: IamRole;
  store?: string | undefined;
  /** Twelve digits, or `*`. */
  accountId: string;
  key?: string | undefined;
}

/** Prints a policy document as IAM takes it, so it is no output of keyturn’s own with a format version. */
export async function policyIam(options: PolicyIamOptions, io: CommandIo): Promise<ExitStatus> {
  const { role, accountId, key } = options;
  if (!/^(\d{12}|\*)$/.test(accountId)) {
    throw new KeyturnError('usage', `“${accountId}” is not an AWS account id`, { hint: 'write twelve digits' });
  }
  if (key !== undefined && !role.endsWith('consumer')) {
    throw new KeyturnError('usage', '--key goes with --role consumer: the other roles work for all keys');
  }
  const document = iamPolicy(await storeOfKind('aws-secrets-manager', options), role, { accountId, key });
  io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return EXIT.OK;
}
