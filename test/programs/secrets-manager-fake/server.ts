import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isAllowed, type Policy } from './iam.ts';
import { type Input, SecretsService, ServiceError } from './secrets.ts';

/** Secrets Manager over real HTTP, as the SDKs speak to it, with whatever goes wrong on the way. */
export interface FakeSecretsManager {
  url: string;
  region: string;
  service: SecretsService;
  /** Every request that came, in order. */
  requests: Received[];
  /** Credentials with rights of their own; others are allowed everything. */
  grant(accessKeyId: string, policies: Policy[]): void;
  /** Credentials AWS does not accept, and the name of the error it gives. */
  reject(accessKeyId: string, error: string): void;
  /** The next requests of this operation meet with it, instead of what was said before; none for 0. */
  fault(operation: string, kind: Fault, times?: number): void;
  close(): Promise<void>;
}

export interface Received {
  operation: string;
  accessKeyId: string;
  input: Input;
}

/** What becomes of a request: an error of AWS by its name, or what a network does before or after the request was applied. */
export type Fault =
  | { error: string; message?: string; status?: number; retryAfter?: number; applied?: boolean }
  | { connection: 'reset' | 'hang'; applied: boolean };

const CREDENTIAL = /Credential=(?<id>[^/]+)\/\d{8}\/(?<region>[^/]+)\/secretsmanager\/aws4_request/;
const MAX_SKEW = 5 * 60_000;

export async function startSecretsManager(region = 'eu-west-1'): Promise<FakeSecretsManager> {
  const service = new SecretsService(region);
  const requests: Received[] = [];
  const grants = new Map<string, Policy[]>();
  const rejected = new Map<string, string>();
  const faults = new Map<string, Fault[]>();

  /** Carries out a request that came whole, or throws as AWS refuses it. */
  function answer({ operation, accessKeyId, input }: Received): object {
    const policies = grants.get(accessKeyId);
    const id = input.SecretId ?? input.Name;
    const request = {
      action: `secretsmanager:${operation}`,
      resource: id === undefined ? '*' : service.resource(id),
      context: { 'secretsmanager:VersionStage': input.VersionStage },
    };
    if (policies && !isAllowed(policies, request)) {
      throw new ServiceError(
        'AccessDeniedException',
        `User: ${accessKeyId} is not authorized to perform: ${request.action} on resource: ${request.resource}`,
      );
    }
    const run = service.operations[operation];
    if (!run) throw new ServiceError('UnknownOperationException', operation);
    return run(input);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = { ...identify(request), input: JSON.parse(await bodyOf(request)) as Input };
    requests.push(received);
    const fault = faults.get(received.operation)?.shift();
    if (fault?.applied) answer(received);
    if (fault && 'connection' in fault) {
      if (fault.connection === 'reset') request.socket.destroy();
      return;
    }
    if (fault) {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': `${fault.retryAfter}` };
      return refuse(
        response,
        new ServiceError(fault.error, fault.message ?? 'as the test wants it'),
        fault.status,
        headers,
      );
    }
    send(response, 200, answer(received));
  }

  function identify({ headers }: IncomingMessage): Pick<Received, 'operation' | 'accessKeyId'> {
    const [, operation = ''] = String(headers['x-amz-target']).split('.');
    const { id: accessKeyId = '', region: scope } = CREDENTIAL.exec(headers.authorization ?? '')?.groups ?? {};
    const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(String(headers['x-amz-date'])) ?? [];
    const signedAt = Date.parse(`${date?.replace(/(..)(..)$/, '-$1-$2')}T${time?.replace(/(..)(..)$/, ':$1:$2')}Z`);
    const refusal = rejected.get(accessKeyId);
    if (refusal) throw new ServiceError(refusal, 'The security token included in the request is not accepted.');
    if (scope !== region) {
      throw new ServiceError('InvalidSignatureException', `Credential should be scoped to a valid region.`);
    }
    if (!(Math.abs(signedAt - service.now()) <= MAX_SKEW)) {
      throw new ServiceError('InvalidSignatureException', 'Signature expired or not yet current.');
    }
    return { operation, accessKeyId };
  }

  const refuse = (response: ServerResponse, error: unknown, status?: number, headers: Record<string, string> = {}) => {
    const known = error instanceof ServiceError ? error : new ServiceError('InternalServiceError', String(error));
    send(
      response,
      status ?? (error instanceof ServiceError ? 400 : 500),
      { __type: known.name, Message: known.message },
      headers,
    );
  };

  const send = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) => {
    const text = JSON.stringify(body);
    const date = new Date(service.now()).toUTCString();
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', date, ...headers }).end(text);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => refuse(response, error));
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    region,
    service,
    requests,
    grant: (accessKeyId, policies) => void grants.set(accessKeyId, policies),
    reject: (accessKeyId, error) => void rejected.set(accessKeyId, error),
    fault(operation, kind, times = 1) {
      faults.set(
        operation,
        Array.from({ length: times }, () => kind),
      );
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
