import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { parseAllDocuments } from 'yaml';
import { program } from '../programs/index.ts';

/** The manifests as kubectl puts them together. */

export const OVERLAYS = readdirSync('k8s/overlays').sort();
export const COMPONENTS = readdirSync('k8s/components').sort();

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  data?: Record<string, string>;
  spec?: unknown;
}

/** An overlay with components, combined as k8s/README.md says: listed in a copy of its kustomization. */
export function render(overlay: string, components: readonly string[] = []): Promise<Manifest[]> {
  if (components.length === 0) return build(join('k8s/overlays', overlay));
  const listed = components.map((each) => `../../components/${each}`).join(', ');
  return inCopy(async (folder) => {
    const here = join(folder, 'overlays', overlay);
    await appendFile(join(here, 'kustomization.yaml'), `components: [${listed}]\n`);
    return build(here);
  });
}

/** What users put on top, with their policies beside it. */
export const renderOnTop = (kustomization: string, policies: Readonly<Record<string, string>>): Promise<Manifest[]> =>
  inCopy(async (folder) => {
    const here = join(folder, 'production');
    await mkdir(join(here, 'policies'), { recursive: true });
    await writeFile(join(here, 'kustomization.yaml'), kustomization);
    for (const [name, text] of Object.entries(policies)) await writeFile(join(here, 'policies', name), text);
    return build(here);
  });

async function inCopy<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-k8s-'));
  try {
    await cp('k8s', folder, { recursive: true });
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function build(folder: string): Promise<Manifest[]> {
  const { stdout } = await promisify(execFile)(program('kubectl'), ['kustomize', folder]);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

export interface Pod {
  /** Of what it is a template. */
  of: Manifest;
  labels: Record<string, string>;
  spec: IPodSpec;
}

/** The first of them. */
export function podOf(manifests: readonly Manifest[]): Pod {
  const [pod] = podsOf(manifests);
  if (pod) return pod;
  throw new Error('there is no pod');
}

/** With keyturn.yaml as somebody edited it. */
export const withConfiguration = (manifests: readonly Manifest[], edit: (text: string) => string): Manifest[] =>
  manifests.map((manifest) => {
    const text = manifest.data?.['keyturn.yaml'];
    return text === undefined ? manifest : { ...manifest, data: { 'keyturn.yaml': edit(text) } };
  });

interface Template {
  metadata: { labels: Record<string, string> };
  spec: IPodSpec;
}

export function podsOf(manifests: readonly Manifest[]): Pod[] {
  return manifests.flatMap((of) => {
    const template = templateIn(of);
    return template ? [{ of, labels: template.metadata.labels, spec: template.spec }] : [];
  });
}

function templateIn({ kind, spec }: Manifest): Template | null {
  if (kind === 'Deployment') return (spec as { template: Template }).template;
  if (kind === 'CronJob') return (spec as { jobTemplate: { spec: { template: Template } } }).jobTemplate.spec.template;
  return null;
}

/** The one container every pod of ours has. */
export function containerOf({ spec }: Pick<Pod, 'spec'>) {
  const [container, ...others] = spec.containers;
  if (!container || others.length > 0) throw new Error('a pod with one container was expected');
  return container;
}

/** The only one of its kind, or the one of that name. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  if (found.length === 1 && found[0]) return found[0];
  throw new Error(`${found.length} of kind ${kind}${name ? ` named ${name}` : ''}`);
}
