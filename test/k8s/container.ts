import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Ran } from '../cli/keyturn.ts';
import type { Image } from './image.ts';
import { containerOf, type Pod } from './kustomize.ts';
import { type Contents, layOut } from './volumes.ts';

/** Runs a pod's container as a node would: its own root, read-only, its user without any right, its volumes, its environment. */

export interface RunOptions extends Contents {
  image: Image;
  /** Values of the Secrets that the pod's environment refers to, by `name/key`. */
  secrets?: Readonly<Record<string, string>>;
  /** Instead of the arguments in the pod. */
  args?: readonly string[];
  /** Volumes that outlive the container, by name; others are laid out anew. */
  disks?: ReadonlyMap<string, string>;
}

/** The libraries Node needs are this machine's; `/node` holds the one that runs the test. */
const SCRIPT = `
set -eu
root=$1 node=$2 app=$3; shift 3
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir -p "$root/usr" "$root/dev" "$root/proc" "$root/node" "$root/app"
for each in bin lib lib64; do
  if [ -L "/$each" ]; then cp -P "/$each" "$root/$each"; elif [ -d "/$each" ]; then mkdir "$root/$each"; mount --bind "/$each" "$root/$each"; fi
done
touch "$root/node/node"
mount --bind "$node" "$root/node/node"
mount --bind /usr "$root/usr"
mount --bind /dev "$root/dev"
mount --bind /proc "$root/proc"
mount --bind "$app" "$root/app"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
shift
for each in /usr /app ''; do mount -o remount,bind,ro "$root$each"; done
exec chroot "$root" /usr/bin/setpriv "$@"
`;

export async function runPod(pod: Pick<Pod, 'spec'>, options: RunOptions): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-pod-'));
  try {
    const volumes = await layOut(pod, join(folder, 'volumes'), options);
    const root = join(folder, 'root');
    await mkdir(root);
    const mounts = mountsOf(pod, new Map([...volumes, ...(options.disks ?? [])]));
    const start = [
      root,
      process.execPath,
      join(options.image.files, 'app'),
      ...mounts,
      '--',
      ...commandOf(pod, options),
    ];
    const child = spawn('unshare', ['--mount', '--', 'sh', '-c', SCRIPT, 'sh', ...start], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [status] = await ended;
    return { status, stdout, stderr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function mountsOf({ spec }: Pick<Pod, 'spec'>, places: ReadonlyMap<string, string>): string[] {
  return (containerOf({ spec }).volumeMounts ?? []).flatMap(({ name, mountPath, readOnly }) => {
    const place = places.get(name);
    if (place === undefined) throw new Error(`the pod has no volume ${name}`);
    return [place, mountPath, readOnly ? 'ro' : 'rw'];
  });
}

/** Of setpriv: who it is, that nothing can change that, and an environment that holds what the pod says and no more. */
function commandOf({ spec }: Pick<Pod, 'spec'>, { image, secrets = {}, args }: RunOptions): string[] {
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext ?? {};
  const container = containerOf({ spec });
  const identity = [`--reuid=${runAsUser}`, `--regid=${runAsGroup}`, `--groups=${fsGroup}`];
  const rights = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  const environment = (container.env ?? []).map(({ name, value, valueFrom }) => {
    const { secretKeyRef } = valueFrom ?? {};
    return `${name}=${secretKeyRef ? secrets[`${secretKeyRef.name}/${secretKeyRef.key}`] : value}`;
  });
  const command = [...image.entrypoint, ...(args ?? container.args ?? [])];
  return [...identity, ...rights, '/usr/bin/env', '-i', 'PATH=/node', ...environment, ...command];
}
