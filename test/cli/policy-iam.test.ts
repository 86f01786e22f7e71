import { describe, expect, it } from 'vitest';
import { aFolder, keyturn } from './keyturn.ts';

/** That the documents are enough, and not too much, the tests of the store show, which run with them. */

async function printed(stores: string, ...args: string[]) {
  const { folder, close } = await aFolder({ 'keyturn.yaml': `apiVersion: keyturn/v1\nstores: { ${stores} }\n` });
  try {
    return await keyturn(['policy', 'iam', ...args], { cwd: folder });
  } finally {
    await close();
  }
}

const store = (name: string, more = '') => `${name}: { kind: aws-secrets-manager, region: eu-west-1${more} }`;
const resources = (text: string) =>
  (JSON.parse(text).Statement as { Resource: string }[]).map(({ Resource }) => Resource);

describe('keyturn policy iam', () => {
  it('prints a document for a worker, in any account', async () => {
    const { status, stdout, stderr } = await printed(store('aws'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout).Version).toBe('2012-10-17');
    expect(new Set(resources(stdout))).toEqual(
      new Set([
        '*',
        'arn:aws:secretsmanager:eu-west-1:*:secret:keyturn/keys/*',
        'arn:aws:secretsmanager:eu-west-1:*:secret:keyturn/records/*',
      ]),
    );
    expect(stdout).not.toMatch(/Delete|PutResourcePolicy|"secretsmanager:\*"/);
  });

  it('narrows an application down to its key, and knows partitions and a KMS key', async () => {
    const china = 'aws: { kind: aws-secrets-manager, region: cn-north-1, kmsKeyId: alias/keyturn }';
    const { stdout } = await printed(china, '--role', 'consumer', '--key', 'desk/spot', '--account-id', '123456789012');
    expect(resources(stdout)).toEqual([
      'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:keyturn/keys/desk/spot-??????',
      'arn:aws-cn:kms:cn-north-1:123456789012:key/*',
    ]);
    expect(stdout).toContain('secretsmanager.cn-north-1.amazonaws.com.cn');
    expect(stdout).toContain('alias/keyturn');
  });

  it.each<[string, string, string[], number, RegExp]>([
    ['no store in AWS', '', [], 64, /there is no store of kind aws-secrets-manager\n.*hint: define one/],
    ['several stores in AWS', `${store('a')}, ${store('b', ', prefix: k')}`, [], 64, /: a, b\n.*say which: --store/],
    ['an unknown store', store('a'), ['--store', 'c'], 64, /named c.*\n.*there are: a/],
    ['no account id', store('a'), ['--account-id', '12'], 64, /twelve digits/],
    ['no key id', store('a'), ['--role', 'consumer', '--key', 'spot'], 64, /account\/name/],
    ['one key for a worker', store('a'), ['--key', 'desk/spot'], 64, /--role consumer/],
    ['a configuration that is wrong', store('a', ', endpoint: "http://elsewhere"'), [], 65, /policy check/],
  ])('refuses %s', async (_, stores, args, status, message) => {
    const ran = await printed(stores, ...args);
    expect(ran).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('chooses among several', async () => {
    const { stdout } = await printed(`${store('a')}, ${store('b', ', prefix: other')}`, '--store', 'b');
    expect(stdout).toContain('secret:other/*');
  });
});
