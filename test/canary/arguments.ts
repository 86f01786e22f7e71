import { readdirSync, readFileSync } from 'node:fs';

/** Looks at the argument lists of all processes, as every user of a machine may; sees none where there is no /proc. */
export function watchArguments(): { seen: ReadonlySet<string>; end: () => void } {
  const seen = new Set<string>();
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  const timer = setInterval(look, 40);
  if (process.platform !== 'linux') clearInterval(timer);
  return { seen, end: () => clearInterval(timer) };
}
