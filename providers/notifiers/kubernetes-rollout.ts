import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
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
  namespace: about(
    z.string().check(z.regex(DNS_LABEL, { error: 'must be the name of a namespace' })),
    'Where the workload is',
  ),
  workload: about(
    z.string().check(z.regex(WORKLOAD, { error: 'must be deployment/NAME, statefulset/NAME or daemonset/NAME' })),
    {
      description: 'What is restarted, pod by pod, as kubectl rollout restart does',
      examples: ['deployment/market-maker'],
    },
  ),
  server: about(
    z._default(
      z.url().check(z.refine(isSafeAddress, { error: 'must start with https://' })),
      'https://kubernetes.default.svc',
    ),
    'The API server',
  ),
  token: about(z._default(z.string(), `${SERVICE_ACCOUNT}/token`), 'File of the service account’s token'),
  ca: about(z._default(z.string(), `${SERVICE_ACCOUNT}/ca.crt`), 'File of the API server’s authority, in PEM'),
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
  let known: { authority: Buffer; client: HttpClient } | undefined;
  return {
    async deliver({ notifications }) {
      // Tokens are replaced every hour, authorities once in some years, so both are read each time.
      const authority = await read(folder, ca);
      if (!known?.authority.equals(authority))
        known = { authority, client: createHttpClient({ now: () => clock.now(), ca: authority }) };
      const bearer = (await read(folder, token)).toString('utf8').trim();
      for (const { at } of notifications) {
        await send(known.client, {
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
