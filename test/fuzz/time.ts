const LIMIT_SECONDS = 2;

/** What `work` returns; throws when it computed for longer than anybody would wait. Counts no time that others had. */
export async function inTime<T>(work: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1_000_000;
  if (seconds > LIMIT_SECONDS) throw new Error(`took ${seconds.toFixed(1)} s`);
  return result;
}
