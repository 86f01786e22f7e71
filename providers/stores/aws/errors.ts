import { type ErrorCode, type ErrorDetails, KeyturnError } from '../../../src/errors.ts';

/** What was asked of AWS, for messages. */
export interface Subject {
  /** As IAM calls it, without the service: `GetSecretValue`. */
  operation: string;
  /** Name of the secret; null where it is about none. */
  secret: string | null;
  region: string;
  isWrite: boolean;
}

interface Meaning {
  code: ErrorCode;
  message: (subject: Subject) => string;
  hint: (subject: Subject) => string;
  /** The request may have been carried out although it failed. */
  mayBeApplied?: boolean;
}

const at = ({ operation, secret }: Subject): string => (secret === null ? operation : `${operation} on ${secret}`);

const RIGHT = {
  code: 'denied',
  message: (subject) => `AWS does not allow these credentials ${at(subject)}`,
  hint: ({ operation }) =>
    `grant secretsmanager:${operation}, and kms:Decrypt and kms:GenerateDataKey on a KMS key of your own; keyturn policy iam prints what is needed`,
} as const satisfies Meaning;

const UNKNOWN_CREDENTIALS = {
  code: 'denied',
  message: ({ region }) => `AWS does not accept these credentials in ${region}`,
  hint: () => 'check access key and secret, the region they are for, and this machine’s clock',
} as const satisfies Meaning;

const EXPIRED_CREDENTIALS = {
  code: 'denied',
  message: () => 'the AWS credentials have expired',
  hint: () => 'log in again, or let the role be renewed (aws sts get-caller-identity must work where keyturn runs)',
} as const satisfies Meaning;

const NO_CREDENTIALS = {
  code: 'denied',
  message: () => 'no AWS credentials were found',
  hint: () =>
    'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role (IRSA or Pod Identity)',
} as const satisfies Meaning;

const THROTTLED = {
  code: 'throttled',
  message: (subject) => `AWS throttles this account: ${at(subject)} was not carried out`,
  hint: () =>
    'nothing is lost; the next pass goes on. If it happens often, run passes less often or ask AWS for a higher quota',
} as const satisfies Meaning;

const KMS = {
  code: 'denied',
  message: (subject) => `the KMS key of a secret cannot be used: ${at(subject)}`,
  hint: () =>
    'check that the KMS key is enabled and that these credentials may use it (kms:Decrypt, kms:GenerateDataKey)',
} as const satisfies Meaning;

const UNAVAILABLE = {
  code: 'unavailable',
  message: (subject) => `AWS Secrets Manager in ${subject.region} failed: ${at(subject)}`,
  hint: () => 'run again; what was half done is found and completed',
  mayBeApplied: true,
} as const satisfies Meaning;

const UNREACHABLE = {
  code: 'unavailable',
  message: ({ region }) => `AWS Secrets Manager in ${region} cannot be reached`,
  hint: ({ region }) =>
    `check that region ${region} is right, the endpoint in keyturn.yaml, and the way out of this network`,
} as const satisfies Meaning;

const NO_ANSWER = {
  code: 'unavailable',
  message: (subject) => `AWS Secrets Manager in ${subject.region} gave no answer in time: ${at(subject)}`,
  hint: () => 'run again; what was half done is found and completed',
  mayBeApplied: true,
} as const satisfies Meaning;

/** By `error.name`: every error of AWS is HTTP 400, and most have no class of their own in the SDK. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  AccessDeniedException: RIGHT,
  AccessDenied: RIGHT,
  UnauthorizedOperation: RIGHT,
  UnrecognizedClientException: UNKNOWN_CREDENTIALS,
  InvalidClientTokenId: UNKNOWN_CREDENTIALS,
  InvalidSignatureException: UNKNOWN_CREDENTIALS,
  SignatureDoesNotMatch: UNKNOWN_CREDENTIALS,
  IncompleteSignatureException: UNKNOWN_CREDENTIALS,
  MissingAuthenticationTokenException: UNKNOWN_CREDENTIALS,
  RequestExpired: UNKNOWN_CREDENTIALS,
  ExpiredTokenException: EXPIRED_CREDENTIALS,
  ExpiredToken: EXPIRED_CREDENTIALS,
  CredentialsProviderError: NO_CREDENTIALS,
  TokenProviderError: EXPIRED_CREDENTIALS,
  ThrottlingException: THROTTLED,
  Throttling: THROTTLED,
  TooManyRequestsException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  RequestThrottled: THROTTLED,
  SlowDown: THROTTLED,
  LimitExceededException: {
    code: 'quota',
    message: (subject) => `a limit of AWS is reached: ${at(subject)}`,
    hint: () =>
      'a secret takes 20 staging labels and about 100 versions in 24 hours: have previous generations proven and destroyed, and run passes less often',
  },
  InvalidRequestException: {
    code: 'refused',
    message: (subject) => `AWS refuses ${at(subject)} in the state the secret is in`,
    hint: ({ secret }) =>
      `it may be scheduled for deletion: aws secretsmanager restore-secret --secret-id ${secret ?? 'NAME'}`,
  },
  InvalidParameterException: {
    code: 'refused',
    message: (subject) => `AWS does not take what it was sent: ${at(subject)}`,
    hint: () => 'look at the secret’s versions with aws secretsmanager describe-secret; run again',
  },
  ValidationException: {
    code: 'invalid',
    message: (subject) => `AWS does not take this name or value: ${at(subject)}`,
    hint: () =>
      'choose another prefix or recordPrefix in keyturn.yaml: names have at most 512 of A-Za-z0-9/_+=.@-, and values 65,536 bytes',
  },
  ResourceNotFoundException: {
    code: 'not-found',
    message: (subject) => `AWS has no such secret or version: ${at(subject)}`,
    hint: ({ region }) => `check that ${region} is the region the secrets are in; deleted secrets are not made again`,
  },
  DecryptionFailure: KMS,
  EncryptionFailure: KMS,
  InternalServiceError: UNAVAILABLE,
  InternalFailure: UNAVAILABLE,
  ServiceUnavailable: UNAVAILABLE,
  ServiceUnavailableException: UNAVAILABLE,
  TimeoutError: NO_ANSWER,
  AbortError: NO_ANSWER,
};

/** Failures below HTTP have a code; in these nothing was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);

/**
 * An error of the SDK as one of ours. Nothing of the original but its name goes along: not its message, which may repeat
 * what was sent, and not its cause.
 */
export function translated(error: unknown, subject: Subject): KeyturnError {
  const { name, code, message, $response, $fault } = facts(error);
  const meaning = NOT_SENT.has(code) ? UNREACHABLE : (MEANINGS[name] ?? otherMeaning(code, $fault));
  const isKms = meaning === RIGHT && /\bKMS\b/i.test(message);
  const { code: ours, message: say, hint, mayBeApplied }: Meaning = isKms ? KMS : meaning;
  const retryAfter = Number($response?.headers?.['retry-after']);
  const details: ErrorDetails = {
    hint: hint(subject),
    ambiguous: subject.isWrite && mayBeApplied === true,
    ...(ours === 'throttled' && retryAfter > 0 ? { retryAfter } : {}),
  };
  return new KeyturnError(ours, `${say(subject)} (${code || name})`, details);
}

interface Facts {
  name: string;
  /** Of the network, `ECONNRESET`; empty where an answer came. */
  code: string;
  message: string;
  $fault?: string;
  $response?: { headers?: Record<string, string> };
}

function facts(error: unknown): Facts {
  const { name, code, message, $fault, $response } = Object(error) as Partial<Facts>;
  return {
    name: typeof name === 'string' ? name : 'unknown error',
    code: typeof code === 'string' && code !== name ? code : '',
    message: typeof message === 'string' ? message : '',
    ...($fault ? { $fault } : {}),
    ...($response ? { $response } : {}),
  };
}

/** An answer we do not know blames the caller or the service; anything else never became an answer. */
const otherMeaning = (code: string, fault: string | undefined): Meaning =>
  fault === 'client' && code === ''
    ? {
        code: 'refused',
        message: (subject) => `AWS refuses ${at(subject)}`,
        hint: () => 'keyturn doctor looks for the reason',
      }
    : UNAVAILABLE;
