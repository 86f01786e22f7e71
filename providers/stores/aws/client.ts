import { setTimeout as sleep } from 'node:timers/promises';
import type { SecretsManager } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../../../src/ports/clock.ts';
import { type Subject, translated } from './errors.ts';
import type { ParsedAwsOptions } from './options.ts';

/** How long to wait for AWS, and how fast to write. */
export interface Patience {
  /** Milliseconds until a connection stands, and until an answer is there; each of at most 3 attempts. */
  connect: number;
  request: number;
  /** Milliseconds in which AWS may hide from its own writer what was written. */
  settle: number;
  /** Writes of this process. AWS takes 50 a second of a whole account and region. */
  writesPerSecond: number;
}

export const PATIENCE: Patience = { connect: 3_000, request: 10_000, settle: 60_000, writesPerSecond: 10 };

const ATTEMPTS = 3;

type Send<T> = (client: SecretsManager, options: { abortSignal: AbortSignal }) => Promise<T>;

/** Secrets Manager of one region. Whatever goes wrong is thrown as one of our errors. */
export interface Client {
  read<T>(subject: Pick<Subject, 'operation' | 'secret'>, send: Send<T>): Promise<T>;
  /** The same, but an error with one of these names is an answer, too. */
  read<T, E>(subject: Pick<Subject, 'operation' | 'secret'>, send: Send<T>, expected: Expected<E>): Promise<T | E>;
  write<T, E>(subject: Pick<Subject, 'operation' | 'secret'>, send: Send<T>, expected: Expected<E>): Promise<T | E>;
  /** Milliseconds by which this machine’s clock is ahead of AWS, as of the newest answer; null before the first. */
  clockAhead(): number | null;
}

type Expected<E> = Readonly<Record<string, E>>;

/** Connects when it is first used, with the credentials the SDK finds: environment, profile, IRSA, Pod Identity. */
export function connect(
  { region, endpoint }: Pick<ParsedAwsOptions, 'region' | 'endpoint'>,
  clock: Clock,
  patience: Patience,
): Client {
  let ahead: number | null = null;
  let opened: Promise<SecretsManager> | undefined;
  const slot = paced(patience.writesPerSecond);

  async function open(): Promise<SecretsManager> {
    // The SDK says on standard error, once a process, that it will leave this Node behind. Its users know or cannot help it.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    const { SecretsManager } = await import('@aws-sdk/client-secrets-manager');
    const client = new SecretsManager({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: ATTEMPTS,
      retryMode: 'standard',
      requestHandler: {
        connectionTimeout: patience.connect,
        requestTimeout: patience.request,
        // Without it a timeout is a warning on the console and the request goes on hanging.
        throwOnRequestTimeout: true,
      },
    });
    client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        const { headers } = answer.response as { headers?: Record<string, string> };
        const theirs = Date.parse(headers?.date ?? '');
        if (!Number.isNaN(theirs)) ahead = clock.now().getTime() - theirs;
        return answer;
      },
      { step: 'deserialize', priority: 'low', name: 'keyturnReadsDate' },
    );
    return client;
  }

  async function call<T, E>(subject: Subject, send: Send<T>, expected: Expected<E>): Promise<T | E> {
    try {
      opened ??= open();
      // Beyond all attempts and the pauses between them: nothing that the SDK waits for may wait for ever.
      const abortSignal = AbortSignal.timeout((patience.connect + patience.request) * ATTEMPTS + 5_000);
      return await send(await opened, { abortSignal });
    } catch (error) {
      const { name } = Object(error) as { name?: unknown };
      if (typeof name === 'string' && Object.hasOwn(expected, name)) return expected[name] as E;
      throw translated(error, subject);
    }
  }

  return {
    read: <T, E>(subject: Pick<Subject, 'operation' | 'secret'>, send: Send<T>, expected: Expected<E> = {}) =>
      call({ ...subject, region, isWrite: false }, send, expected),
    async write(subject, send, expected) {
      await slot();
      return call({ ...subject, region, isWrite: true }, send, expected);
    },
    clockAhead: () => ahead,
  };
}

/** Lets callers through one by one, this many a second. */
function paced(perSecond: number): () => Promise<void> {
  let free = 0;
  return async () => {
    const now = performance.now();
    const mine = Math.max(now, free);
    free = mine + 1000 / perSecond;
    if (mine > now) await sleep(mine - now);
  };
}
