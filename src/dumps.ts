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
