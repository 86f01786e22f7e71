import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { KeyturnError } from '../../src/errors.ts';
import type { Notifier, NotifierDependencies } from '../../src/ports/notifier.ts';
import { isSafeAddress } from '../address.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { send } from './post.ts';

/** Where Kubernetes puts them in every pod. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const WORKLOAD = /^(?:deployment|statefulset|daemonset)\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export const KubernetesRolloutOptions = z.strictObject({
  namespace: z
    .string()
    .regex(DNS_LABEL, { error: 'must be the name of a namespace' })
    .describe('Where the workload is'),
  workload: z
    .string()
    .regex(WORKLOAD, { error: 'must be deployment/NAME, statefulset/NAME or daemonset/NAME' })
    .describe('What is restarted, pod by pod, as kubectl rollout restart does')
    .meta({ examples: ['deployment/market-maker'] }),
  server: z
    .url()
    .refine(isSafeAddress, { error: 'must start with https://' })
    .default('https://kubernetes.default.svc')
    .describe('The API server'),
  token: z.string().default(`${SERVICE_ACCOUNT}/token`).describe('File of the service account’s token'),
  ca: z.string().default(`${SERVICE_ACCOUNT}/ca.crt`).describe('File of the API server’s authority, in PEM'),
});
type KubernetesRolloutOptions = z.infer<typeof KubernetesRolloutOptions>;

/**
 * Has a workload started anew after its key was promoted: the one PATCH that `kubectl rollout restart` sends, with the instant
 * of the promotion, so that the same message a second time changes nothing.
 */
export function openKubernetesRollout(
  { namespace, workload, server, token, ca }: KubernetesRolloutOptions,
  { clock, folder }: NotifierDependencies,
): Notifier {
  const [kind, name] = workload.split('/');
  const url = new URL(`/apis/apps/v1/namespaces/${namespace}/${kind}s/${name}`, server).href;
  let client: HttpClient | undefined;
  return {
    async deliver({ notifications }) {
      client ??= createHttpClient({ now: () => clock.now(), ca: await read(folder, ca) });
      // Tokens are replaced every hour, so it is read each time.
      const bearer = (await read(folder, token)).toString('utf8').trim();
      for (const { at } of notifications) {
        await send(client, {
          method: 'PATCH',
          url,
          headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/strategic-merge-patch+json' },
          body: JSON.stringify(restartedAt(at)),
        });
      }
    },
  };
}

const restartedAt = (at: string) => ({
  spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } },
});

/** Kubernetes decides who may read these files. */
const read = (folder: string, file: string): Promise<Buffer> =>
  readFile(resolve(folder, file)).catch((cause: NodeJS.ErrnoException) => {
    throw new KeyturnError('invalid', `${file} cannot be read (${cause.code})`, {
      hint: 'run in a pod with a service account, or name token and ca',
      cause,
    });
  });
