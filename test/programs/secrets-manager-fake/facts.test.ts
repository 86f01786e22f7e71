import { beforeEach, describe, expect, it } from 'vitest';
import { isAllowed } from './iam.ts';
import { type Input, SecretsService } from './secrets.ts';

/** The facts about AWS that everything tested on the fake rests on. */

let service: SecretsService;
beforeEach(() => {
  service = new SecretsService('eu-west-1');
});

const DAY = 24 * 3_600_000;
const id = (number: number) => `version-${`${number}`.padStart(32, '0')}`;
const call = (operation: string, input: Input) => service.operations[operation]?.(input) as Record<string, unknown>;
const create = () => call('CreateSecret', { Name: 's', ClientRequestToken: id(0), SecretString: 'zero' });
const put = (number: number, value: string, ...VersionStages: string[]) =>
  call('PutSecretValue', {
    SecretId: 's',
    ClientRequestToken: id(number),
    SecretString: value,
    ...(VersionStages.length > 0 ? { VersionStages } : {}),
  });
const labels = () => call('DescribeSecret', { SecretId: 's' }).VersionIdsToStages;
const value = (input: Input = {}) => call('GetSecretValue', { SecretId: 's', ...input }).SecretString;
const refusal = (work: () => unknown) => {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as Error).name;
  }
};

describe('the fake keeps the facts', () => {
  it('the first version is current; a put without labels moves AWSCURRENT, and AWSPREVIOUS follows', () => {
    create();
    put(1, 'one');
    expect(labels()).toEqual({ [id(0)]: ['AWSPREVIOUS'], [id(1)]: ['AWSCURRENT'] });
    expect(value()).toBe('one');
    expect(value({ VersionStage: 'AWSPREVIOUS' })).toBe('zero');
  });

  it('a token is taken with one value only, and moves nothing the second time', () => {
    create();
    put(1, 'one');
    put(2, 'two');
    put(1, 'one');
    expect(value()).toBe('two');
    expect(refusal(() => put(1, 'other'))).toBe('ResourceExistsException');
    expect(refusal(() => call('CreateSecret', { Name: 's', ClientRequestToken: id(9), SecretString: 'x' }))).toBe(
      'ResourceExistsException',
    );
    expect(
      refusal(() => call('PutSecretValue', { SecretId: 's', ClientRequestToken: 'short', SecretString: 'x' })),
    ).toBe('ValidationException');
  });

  it('a label moves only from the version that has it, and AWSCURRENT stays on one', () => {
    create();
    put(1, 'one', 'mine');
    const move = (input: Input) => refusal(() => call('UpdateSecretVersionStage', { SecretId: 's', ...input }));
    const current = { VersionStage: 'AWSCURRENT', MoveToVersionId: id(1) };
    expect(move(current)).toBe('InvalidParameterException');
    expect(move({ ...current, RemoveFromVersionId: id(1) })).toBe('InvalidParameterException');
    expect(move({ VersionStage: 'AWSCURRENT', RemoveFromVersionId: id(0) })).toBe('InvalidParameterException');
    expect(move({ ...current, MoveToVersionId: id(7), RemoveFromVersionId: id(0) })).toBe('ResourceNotFoundException');
    expect(move({ ...current, RemoveFromVersionId: id(0) })).toBe('none');
    expect(labels()).toEqual({ [id(0)]: ['AWSPREVIOUS'], [id(1)]: ['mine', 'AWSCURRENT'] });
    expect(move({ VersionStage: 'mine', RemoveFromVersionId: id(1) })).toBe('none');
    expect(labels()).toEqual({ [id(0)]: ['AWSPREVIOUS'], [id(1)]: ['AWSCURRENT'] });
  });

  it('a put takes labels from whoever has them; what has none is hidden, and read by its id', () => {
    create();
    put(1, 'one', 'mine');
    put(2, 'two', 'mine');
    expect(labels()).toEqual({ [id(0)]: ['AWSCURRENT'], [id(2)]: ['mine'] });
    expect(value({ VersionId: id(1) })).toBe('one');
    const versions = (input: Input) =>
      (call('ListSecretVersionIds', { SecretId: 's', ...input }).Versions as []).length;
    expect([versions({}), versions({ IncludeDeprecated: true })]).toEqual([2, 3]);
    expect(versions({ IncludeDeprecated: true, MaxResults: 1, NextToken: '2' })).toBe(1);
  });

  it('values, names, labels, tags and versions have limits, and only a day makes old versions go', () => {
    create();
    expect(refusal(() => put(1, 'é'.repeat(32_769)))).toBe('ValidationException');
    expect(refusal(() => call('CreateSecret', { Name: 'a b', ClientRequestToken: id(0), SecretString: 'x' }))).toBe(
      'ValidationException',
    );
    for (let number = 1; number <= 19; number += 1) put(number, 'x', `label-${number}`);
    expect(refusal(() => put(20, 'x', 'label-20'))).toBe('LimitExceededException');
    const Tags = Array.from({ length: 51 }, (_, index) => ({ Key: `${index}`, Value: '' }));
    expect(refusal(() => call('TagResource', { SecretId: 's', Tags }))).toBe('LimitExceededException');
    for (let number = 20; number < 100; number += 1) put(number, 'x', 'label-1');
    expect(refusal(() => put(100, 'x', 'label-1'))).toBe('LimitExceededException');
    service.ahead = DAY + 1;
    put(100, 'x', 'label-1');
    expect(refusal(() => value({ VersionId: id(1) }))).toBe('ResourceNotFoundException');
    put(1, 'taken again', 'label-1');
    expect(value({ VersionId: id(1) })).toBe('taken again');
  });

  it('a secret scheduled for deletion refuses use and re-creation until it is restored', () => {
    create();
    call('DeleteSecret', { SecretId: 's' });
    for (const use of [() => value(), () => put(1, 'one'), create])
      expect(refusal(use)).toBe('InvalidRequestException');
    call('RestoreSecret', { SecretId: 's' });
    expect(value()).toBe('zero');
    call('DeleteSecret', { SecretId: 's', ForceDeleteWithoutRecovery: true });
    expect(refusal(value)).toBe('ResourceNotFoundException');
  });

  it('a batch takes twenty, and one failure does not spoil it', () => {
    create();
    expect(call('BatchGetSecretValue', { SecretIdList: ['s', 'none'] })).toMatchObject({
      SecretValues: [{ SecretString: 'zero' }],
      Errors: [{ SecretId: 'none', ErrorCode: 'ResourceNotFoundException' }],
    });
    expect(refusal(() => call('BatchGetSecretValue', { SecretIdList: Array.from({ length: 21 }, () => 's') }))).toBe(
      'ValidationException',
    );
  });

  it('rights are what a statement allows, for its resources, on its conditions', () => {
    const Condition = { StringLike: { 'secretsmanager:VersionStage': 'keyturn-*' } };
    const Statement = [
      { Effect: 'Allow' as const, Action: ['secretsmanager:Get*'], Resource: 'arn:*:secret:p/*-??????', Condition },
    ];
    const ask = (action: string, resource: string, stage?: string) =>
      isAllowed([{ Statement }], {
        action: `secretsmanager:${action}`,
        resource,
        context: { 'secretsmanager:VersionStage': stage },
      });
    expect(ask('GetSecretValue', 'arn:x:secret:p/a-123456', 'keyturn-g1')).toBe(true);
    expect(ask('GetSecretValue', 'arn:x:secret:p/a-123456', 'AWSCURRENT')).toBe(false);
    expect(ask('GetSecretValue', 'arn:x:secret:p/a-123456')).toBe(false);
    expect(ask('GetSecretValue', 'arn:x:secret:q/a-123456', 'keyturn-g1')).toBe(false);
    expect(ask('PutSecretValue', 'arn:x:secret:p/a-123456', 'keyturn-g1')).toBe(false);
  });
});
