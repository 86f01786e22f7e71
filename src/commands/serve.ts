import { EXIT, type ExitStatus } from '../exit.ts';
import { createMetrics } from '../metrics.ts';
import { type SetAlarm, setCronAlarm } from '../serve/alarm.ts';
import { createDaemon } from '../serve/daemon.ts';
import { startMonitor } from '../serve/monitor.ts';
import { openWorkspace, type WorkspaceOptions } from '../workspace.ts';
import type { CommandIo } from './io.ts';

/**
 * The daemon: a pass at its start, which does what was missed while it was off, and one whenever the alarm rings. An
 * interrupted one finishes the step in hand and begins no other.
 */
export async function serve(
  options: WorkspaceOptions,
  io: CommandIo,
  setAlarm: SetAlarm = setCronAlarm,
): Promise<ExitStatus> {
  const { signal } = io;
  const log = await io.log();
  const metrics = createMetrics();
  const open = () => openWorkspace({ ...options, onRequest: metrics.onRequest });
  const workspace = await open();
  const daemon = createDaemon(workspace, { io, log, metrics, setAlarm, open });
  const monitor = await startMonitor(daemon, metrics, workspace.configuration);
  io.onHangup(() => void daemon.reload());
  const { schedule, timeZone } = workspace.configuration.serve;
  const told = { event: 'started', keys: workspace.keys.length, schedule, timeZone, url: monitor.url };
  log.info(told, 'the daemon is running');
  daemon.start();
  await interruption(signal);
  log.info({ event: 'stopping' }, 'the step in hand will be finished, no other begun');
  await daemon.stop();
  await monitor.close();
  log.info({ event: 'stopped' }, 'the daemon has ended');
  return EXIT.OK;
}

const interruption = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
};
