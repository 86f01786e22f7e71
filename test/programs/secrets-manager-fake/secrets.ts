/**
 * AWS Secrets Manager as its documentation, recorded answers and service model describe it, in plain values. Stricter than
 * the real one wherever that is unsure, so that what passes here does not rely on luck.
 */

export class ServiceError extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

interface Version {
  value: string;
  createdAt: number;
  labels: string[];
}

export interface FakeSecret {
  name: string;
  suffix: string;
  createdAt: number;
  kmsKeyId?: string;
  tags: Record<string, string>;
  versions: Record<string, Version>;
  deletedAt?: number;
  rotationEnabled?: boolean;
  type?: string;
  owningService?: string;
  primaryRegion?: string;
  replicas?: string[];
}

export type Input = Record<string, unknown> & {
  SecretId?: string;
  Name?: string;
  ClientRequestToken?: string;
  SecretString?: string;
  VersionStages?: string[];
  VersionStage?: string;
  VersionId?: string;
  MoveToVersionId?: string;
  RemoveFromVersionId?: string;
  Tags?: { Key: string; Value: string }[];
  TagKeys?: string[];
  Filters?: { Key: string; Values: string[] }[];
  MaxResults?: number;
  NextToken?: string;
  IncludeDeprecated?: boolean;
  IncludePlannedDeletion?: boolean;
  SecretIdList?: string[];
  ForceDeleteWithoutRecovery?: boolean;
  KmsKeyId?: string;
};

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
const DAY = 24 * 3_600_000;
const MAX_VERSIONS = 100;
const MAX_LABELS = 20;

const invalidParameter = (message: string) => new ServiceError('InvalidParameterException', message);
const notFound = (what = 'the specified secret') =>
  new ServiceError('ResourceNotFoundException', `Secrets Manager can't find ${what}.`);

export class SecretsService {
  /** How many milliseconds old it is what reads show. */
  lag = 0;
  /** Up to so old, now more and now less, as replicas that are not alike show it. */
  isFlickering = false;
  /** Milliseconds by which the service’s clock is ahead of this machine’s. */
  ahead = 0;
  readonly region: string;
  #secrets = new Map<string, FakeSecret>();
  /** What was true when, for reads that lag; newest last. */
  #past = new Map<string, { at: number; secret: FakeSecret | undefined }[]>();

  constructor(region: string) {
    this.region = region;
  }

  now = (): number => Date.now() + this.ahead;

  arn({ name, suffix }: FakeSecret): string {
    return `arn:aws:secretsmanager:${this.region}:123456789012:secret:${name}-${suffix}`;
  }

  /** What IAM compares with the resource of a policy. */
  resource(id: string): string {
    const secret = this.#find(id);
    return secret ? this.arn(secret) : `arn:aws:secretsmanager:${this.region}:123456789012:secret:${id}`;
  }

  /** The secret itself, for tests that look at it or do what another service would. */
  secret(name: string): FakeSecret {
    const secret = this.#secrets.get(name);
    if (secret) return secret;
    throw new Error(`the fake has no secret ${name}`);
  }

  names = (): string[] => [...this.#secrets.keys()].sort();

  #find(id: string | undefined): FakeSecret | undefined {
    return this.#secrets.get(id ?? '') ?? [...this.#secrets.values()].find((each) => this.arn(each) === id);
  }

  /** As a replica shows it that lags behind. */
  #seen(id: string | undefined): FakeSecret {
    const name = this.#find(id)?.name ?? id ?? '';
    const until = Date.now() - this.lag * (this.isFlickering ? Math.random() : 1);
    const secret =
      this.lag === 0 ? this.#secrets.get(name) : this.#past.get(name)?.findLast(({ at }) => at <= until)?.secret;
    if (!secret) throw notFound();
    return secret;
  }

  #readable(id: string | undefined): FakeSecret {
    const secret = this.#seen(id);
    if (secret.deletedAt) throw markedForDeletion();
    return secret;
  }

  #writable(id: string | undefined): FakeSecret {
    const secret = this.#find(id);
    if (!secret) throw notFound();
    if (secret.deletedAt) throw markedForDeletion();
    if (secret.primaryRegion && secret.primaryRegion !== this.region) {
      throw new ServiceError('InvalidRequestException', 'Operation not permitted on a replica secret.');
    }
    return secret;
  }

  #written(secret: FakeSecret): void {
    this.#secrets.set(secret.name, secret);
    const past = this.#past.get(secret.name) ?? [];
    this.#past.set(secret.name, [...past, { at: Date.now(), secret: structuredClone(secret) }].slice(-50));
  }

  readonly operations: Readonly<Record<string, (input: Input) => object>> = {
    CreateSecret: (input) => {
      const { Name = '', ClientRequestToken: token = '', SecretString: value = '', Tags = [] } = input;
      if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(Name)) throw validation('Invalid name.');
      const found = this.#secrets.get(Name);
      if (found?.deletedAt) {
        throw new ServiceError(
          'InvalidRequestException',
          "You can't create this secret because a secret with this name is already scheduled for deletion.",
        );
      }
      if (found && found.versions[token]?.value !== value) {
        throw new ServiceError(
          'ResourceExistsException',
          `The operation failed because the secret ${Name} already exists.`,
        );
      }
      if (!found) {
        checkToken(token);
        checkValue(value);
        const secret: FakeSecret = {
          name: Name,
          suffix: Math.random().toString(36).slice(2, 8).padEnd(6, 'x'),
          createdAt: this.now(),
          ...(input.KmsKeyId ? { kmsKeyId: input.KmsKeyId } : {}),
          tags: tagged({}, Tags),
          versions: { [token]: { value, createdAt: this.now(), labels: [CURRENT] } },
        };
        this.#written(secret);
      }
      return { ARN: this.arn(this.secret(Name)), Name, VersionId: token };
    },

    PutSecretValue: ({
      SecretId,
      ClientRequestToken: token = '',
      SecretString: value = '',
      VersionStages = [CURRENT],
    }) => {
      checkToken(token);
      checkValue(value);
      if (VersionStages.length === 0 || VersionStages.some((each) => each === '' || each.length > 256)) {
        throw validation('Invalid staging label.');
      }
      const secret = this.#writable(SecretId);
      const known = secret.versions[token];
      if (known && known.value !== value) {
        throw new ServiceError('ResourceExistsException', 'A resource with the ID you requested already exists.');
      }
      if (!known) {
        this.#prune(secret);
        const others = new Set(Object.values(secret.versions).flatMap(({ labels }) => labels));
        if (new Set([...others, ...VersionStages]).size > MAX_LABELS) throw limit('staging labels');
        if (Object.keys(secret.versions).length >= MAX_VERSIONS) throw limit('versions');
        secret.versions[token] = { value, createdAt: this.now(), labels: [] };
        // Labels are taken from whoever has them, without a question.
        for (const label of VersionStages) this.#place(secret, label, token);
      }
      this.#written(secret);
      const labels = secret.versions[token]?.labels ?? [];
      return { ARN: this.arn(secret), Name: secret.name, VersionId: token, VersionStages: labels };
    },

    UpdateSecretVersionStage: ({
      SecretId,
      VersionStage: label = '',
      MoveToVersionId: to,
      RemoveFromVersionId: from,
    }) => {
      const secret = this.#writable(SecretId);
      const holder = Object.entries(secret.versions).find(([, { labels }]) => labels.includes(label))?.[0];
      if (to !== undefined && !secret.versions[to]) throw notFound('the specified secret version');
      if (from === undefined && holder !== undefined && to !== undefined && holder !== to) {
        throw invalidParameter(
          `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
        );
      }
      if (from !== undefined && holder !== from) {
        throw invalidParameter(`The staging label ${label} is not attached to version ${from}.`);
      }
      if (to === undefined && label === CURRENT) {
        throw invalidParameter(`You can't remove the staging label ${CURRENT}; move it to another version.`);
      }
      if (to === undefined)
        secret.versions[from ?? '']?.labels.splice(0, Infinity, ...this.#without(secret, from, label));
      else this.#place(secret, label, to);
      this.#written(secret);
      return { ARN: this.arn(secret), Name: secret.name };
    },

    DescribeSecret: ({ SecretId }) => {
      const secret = this.#seen(SecretId);
      return {
        ...this.#traits(secret),
        ReplicationStatus: secret.replicas?.map((Region) => ({ Region, Status: 'InSync' })),
        VersionIdsToStages: stagesOf(secret),
      };
    },

    GetSecretValue: ({ SecretId, VersionStage, VersionId }) => {
      const secret = this.#readable(SecretId);
      const stage = VersionStage ?? (VersionId === undefined ? CURRENT : undefined);
      const found = Object.entries(secret.versions).find(
        ([id, { labels }]) =>
          (VersionId === undefined || id === VersionId) && (stage === undefined || labels.includes(stage)),
      );
      if (!found) throw notFound('the specified secret value for staging label or version');
      const [id, { value, labels, createdAt }] = found;
      return {
        ARN: this.arn(secret),
        Name: secret.name,
        VersionId: id,
        SecretString: value,
        VersionStages: labels,
        CreatedDate: createdAt / 1000,
      };
    },

    BatchGetSecretValue: ({ SecretIdList = [] }) => {
      if (SecretIdList.length === 0 || SecretIdList.length > 20)
        throw validation('SecretIdList takes 1 to 20 secrets.');
      const SecretValues: object[] = [];
      const Errors: object[] = [];
      for (const SecretId of SecretIdList) {
        try {
          SecretValues.push(this.operations.GetSecretValue?.({ SecretId }) ?? {});
        } catch (error) {
          const { name, message } = error as ServiceError;
          Errors.push({ SecretId, ErrorCode: name, Message: message });
        }
      }
      return { SecretValues, Errors };
    },

    ListSecrets: ({ Filters = [], MaxResults = 100, NextToken, IncludePlannedDeletion = false }) => {
      if (MaxResults < 1 || MaxResults > 100) throw validation('MaxResults is 1 to 100.');
      const prefixes = Filters.filter(({ Key }) => Key === 'name').flatMap(({ Values }) => Values);
      const all = this.names()
        .filter((name) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)))
        .map((name) => this.secret(name))
        .filter(({ deletedAt }) => IncludePlannedDeletion || deletedAt === undefined);
      return page(all, MaxResults, NextToken, 'SecretList', (secret) => ({
        ...this.#traits(secret),
        SecretVersionsToStages: stagesOf(secret),
      }));
    },

    ListSecretVersionIds: ({ SecretId, IncludeDeprecated = false, MaxResults = 100, NextToken }) => {
      const secret = this.#seen(SecretId);
      const all = Object.entries(secret.versions).filter(([, { labels }]) => IncludeDeprecated || labels.length > 0);
      const { Name, ARN } = this.#traits(secret);
      return {
        Name,
        ARN,
        ...page(all, MaxResults, NextToken, 'Versions', ([VersionId, { labels, createdAt }]) => ({
          VersionId,
          VersionStages: labels,
          CreatedDate: createdAt / 1000,
        })),
      };
    },

    TagResource: ({ SecretId, Tags = [] }) => {
      const secret = this.#writable(SecretId);
      secret.tags = tagged(secret.tags, Tags);
      this.#written(secret);
      return {};
    },

    UntagResource: ({ SecretId, TagKeys = [] }) => {
      const secret = this.#writable(SecretId);
      for (const key of TagKeys) delete secret.tags[key];
      this.#written(secret);
      return {};
    },

    DeleteSecret: ({ SecretId, ForceDeleteWithoutRecovery = false }) => {
      const secret = this.#writable(SecretId);
      if (ForceDeleteWithoutRecovery) this.#secrets.delete(secret.name);
      else secret.deletedAt = this.now();
      if (!ForceDeleteWithoutRecovery) this.#written(secret);
      return { ARN: this.arn(secret), Name: secret.name, DeletionDate: (this.now() + 30 * DAY) / 1000 };
    },

    RestoreSecret: ({ SecretId }) => {
      const secret = this.#find(SecretId);
      if (!secret) throw notFound();
      delete secret.deletedAt;
      this.#written(secret);
      return { ARN: this.arn(secret), Name: secret.name };
    },
  };

  /** AWSPREVIOUS follows AWSCURRENT; other labels only move. */
  #place(secret: FakeSecret, label: string, to: string): void {
    const from = Object.entries(secret.versions).find(([, { labels }]) => labels.includes(label))?.[0];
    if (from === to) return;
    for (const id of Object.keys(secret.versions)) this.#strip(secret, id, label);
    secret.versions[to]?.labels.push(label);
    if (label !== CURRENT || from === undefined) return;
    for (const id of Object.keys(secret.versions)) this.#strip(secret, id, PREVIOUS);
    secret.versions[from]?.labels.push(PREVIOUS);
  }

  #strip(secret: FakeSecret, id: string, label: string): void {
    const version = secret.versions[id];
    if (version) version.labels = this.#without(secret, id, label);
  }

  #without = (secret: FakeSecret, id: string | undefined, label: string): string[] =>
    (secret.versions[id ?? '']?.labels ?? []).filter((each) => each !== label);

  /** Beyond a hundred versions, the oldest unlabelled ones that are a day old go. */
  #prune(secret: FakeSecret): void {
    const old = Object.entries(secret.versions)
      .filter(([, { labels, createdAt }]) => labels.length === 0 && createdAt <= this.now() - DAY)
      .sort(([, one], [, other]) => one.createdAt - other.createdAt);
    for (const [id] of old) {
      if (Object.keys(secret.versions).length < MAX_VERSIONS) return;
      delete secret.versions[id];
    }
  }

  #traits(secret: FakeSecret) {
    return {
      ARN: this.arn(secret),
      Name: secret.name,
      CreatedDate: secret.createdAt / 1000,
      KmsKeyId: secret.kmsKeyId,
      RotationEnabled: secret.rotationEnabled,
      Type: secret.type,
      OwningService: secret.owningService,
      PrimaryRegion: secret.primaryRegion ?? (secret.replicas ? this.region : undefined),
      DeletedDate: secret.deletedAt === undefined ? undefined : secret.deletedAt / 1000,
      Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
    };
  }
}

const validation = (message: string) => new ServiceError('ValidationException', message);
const limit = (what: string) =>
  new ServiceError('LimitExceededException', `The request failed because it would exceed one of the limits: ${what}.`);
const markedForDeletion = () =>
  new ServiceError(
    'InvalidRequestException',
    "You can't perform this operation on the secret because it was marked for deletion.",
  );

function checkToken(token: string): void {
  if (token.length < 32 || token.length > 64) throw validation('ClientRequestToken has 32 to 64 characters.');
}

function checkValue(value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes < 1 || bytes > 65_536) throw validation(`SecretString has 1 to 65536 bytes, not ${bytes}.`);
}

function tagged(tags: Record<string, string>, added: { Key: string; Value: string }[]): Record<string, string> {
  const all = { ...tags, ...Object.fromEntries(added.map(({ Key, Value }) => [Key, Value])) };
  const isFine = Object.entries(all).every(
    ([key, value]) =>
      /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value),
  );
  if (!isFine) throw invalidParameter('A tag has characters that are not allowed.');
  if (Object.keys(all).length > 50) throw limit('tags');
  return all;
}

const stagesOf = ({ versions }: FakeSecret): Record<string, string[]> =>
  Object.fromEntries(Object.entries(versions).flatMap(([id, { labels }]) => (labels.length > 0 ? [[id, labels]] : [])));

function page<T>(all: T[], size: number, token: string | undefined, field: string, show: (each: T) => object): object {
  const start = Number(token ?? 0);
  const next = start + size;
  return {
    [field]: all.slice(start, next).map(show),
    ...(next < all.length ? { NextToken: `${next}` } : {}),
  };
}
