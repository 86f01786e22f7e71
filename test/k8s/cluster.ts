import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { program } from '../programs/index.ts';
import type { Manifest } from './kustomize.ts';

/** The cluster that KEYTURN_TEST_KUBECONFIG names. Tests work in namespaces of their own, so it may hold other things. */

export const KUBECONFIG = process.env.KEYTURN_TEST_KUBECONFIG;

/** Its output; throws with what it wrote on standard error. */
export async function kubectl(args: readonly string[], input = ''): Promise<string> {
  const child = spawn(program('kubectl'), ['--kubeconfig', `${KUBECONFIG}`, ...args]);
  child.stdin.end(input);
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = await ended;
  if (status === 0) return stdout;
  throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
}

/** The API server refuses what it does not know. */
export const apply = (manifests: readonly Manifest[]): Promise<string> =>
  kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], listOf(manifests));

/** What applying them again would change. */
export const differenceTo = (manifests: readonly Manifest[]): Promise<string> =>
  kubectl(['diff', '--server-side', '-f', '-'], listOf(manifests));

const listOf = (items: readonly Manifest[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

export async function itemsOf<T>(kind: string, namespace: string, ...more: string[]): Promise<T[]> {
  return JSON.parse(await kubectl(['get', kind, '-n', namespace, '-o', 'json', ...more])).items;
}

/** The manifests in other namespaces, subjects of bindings included. */
export function inNamespaces(manifests: readonly Manifest[], names: Readonly<Record<string, string>>): Manifest[] {
  const renamed = (name: string | undefined) => names[name ?? ''] ?? name;
  return manifests.map((manifest) => {
    const copy = structuredClone(manifest) as Manifest & { subjects?: { namespace: string }[] };
    const { kind, metadata, subjects = [] } = copy;
    if (kind === 'Namespace') metadata.name = renamed(metadata.name) ?? '';
    for (const place of [metadata, ...subjects]) {
      const name = renamed(place.namespace);
      if (name !== undefined) place.namespace = name;
    }
    return copy;
  });
}

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
}

/** What a service account may do in a namespace beyond what every service account may. */
export async function rightsOf(account: string, namespace: string): Promise<Rule[]> {
  const nobody = await rulesFor(`system:serviceaccount:${namespace}:nobody`, namespace);
  const common = new Set(nobody.map((rule) => JSON.stringify(rule)));
  return (await rulesFor(account, namespace)).filter((rule) => !common.has(JSON.stringify(rule)));
}

/** What `kubectl auth can-i --list` prints. */
async function rulesFor(account: string, namespace: string): Promise<Rule[]> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const answer = await kubectl(
    ['create', '--as', account, '--validate=ignore', '-o', 'json', '-f', '-'],
    JSON.stringify(review),
  );
  return JSON.parse(answer).status.resourceRules;
}

/** Asks again until the answer is a yes; for what controllers do. */
export async function until<T>(ask: () => Promise<T>, isEnough: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer) || Date.now() > end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
