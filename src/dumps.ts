/**
 * A diagnostic report lists the environment, a heap snapshot holds all memory: both would leave secrets in a file. Whoever
 * set NODE_OPTIONS for other programs does not mean this one, so neither is written. To be called before any signal has a
 * listener of ours: what listens by then takes snapshots.
 */
export function writeNoDumps(process: NodeJS.Process): void {
  const { report } = process;
  if (report) {
    report.reportOnSignal = false;
    report.reportOnFatalError = false;
    report.reportOnUncaughtException = false;
  }
  for (const event of process.eventNames()) {
    if (typeof event === 'string' && event.startsWith('SIG')) process.removeAllListeners(event);
  }
}

/**
 * What Node writes about itself where NODE_DEBUG asks for it repeats headers, addresses and the whole environment of what is
 * started. Node has read that variable before anything of ours runs, so its lines are left out as they are written.
 */
export function writeNoInternals({ env, pid, stderr }: Pick<NodeJS.Process, 'env' | 'pid' | 'stderr'>): void {
  if (!env.NODE_DEBUG) return;
  const internal = new RegExp(`^[A-Z0-9_]+ \\S*${pid}\\S*: `);
  const write = stderr.write.bind(stderr) as (...all: unknown[]) => boolean;
  stderr.write = (chunk: unknown, ...rest: unknown[]): boolean =>
    typeof chunk === 'string' && internal.test(chunk) ? true : write(chunk, ...rest);
}
