import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { describe, it } from 'vitest';

/** File systems of a test’s own, in a mount namespace that ends with it. Without root it is one of a user namespace. */

const NAMESPACES = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];

export interface Mounts {
  /** What runs a command among these mounts, in the folder. */
  via: string[];
  run(...command: string[]): Promise<string>;
  end(): Promise<void>;
}

export async function aMountNamespace(folder: string): Promise<Mounts> {
  const holder = spawn('unshare', [...NAMESPACES, 'sh', '-c', 'echo ready; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const user = NAMESPACES.includes('--user') ? ['--user', '--preserve-credentials'] : [];
  const enter = ['--target', `${holder.pid}`, ...user, '--mount', '--', 'sh', '-c', 'cd "$0" && exec "$@"', folder];
  return {
    via: ['nsenter', ...enter],
    run: async (...command) => (await promisify(execFile)('nsenter', [...enter, ...command])).stdout,
    async end() {
      holder.kill();
      await once(holder, 'exit');
    },
  };
}

function whyImpossible(): string | null {
  try {
    execFileSync('unshare', [...NAMESPACES, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return (error as { stderr?: Buffer }).stderr?.toString().trim() || 'there is no unshare here';
  }
}

/** A suite that mounts something. Where that is impossible its tests are skipped, and the title says why; in CI that is a failure. */
export function describeWithMounts(title: string, suite: () => void): void {
  const reason = whyImpossible();
  if (reason === null) describe(title, suite);
  else if (!process.env.CI) describe.skip(`${title} (skipped: ${reason})`, suite);
  else
    it(title, () => {
      throw new Error(`nothing can be mounted here: ${reason}`);
    });
}
