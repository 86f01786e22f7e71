import type { Family } from './refusals.ts';

/** Request weight per address and minute: spot and futures share one budget each, every wallet path has its own. */
export interface WeightMeter {
  /** Adds the weight and returns the headers that report the sum. */
  count(call: { family: Family; path: string; address: string; weight: number; now: Date }): Record<string, string>;
}

export function weightMeter(): WeightMeter {
  let minute = 0;
  const used = new Map<string, number>();

  return {
    count({ family, path, address, weight, now }) {
      const current = Math.floor(now.getTime() / 60_000);
      if (current !== minute) used.clear();
      minute = current;
      const budget = `${address} ${family === 'sapi' ? path : family}`;
      const sum = (used.get(budget) ?? 0) + weight;
      used.set(budget, sum);
      return family === 'sapi'
        ? { 'x-sapi-used-ip-weight-1m': String(sum) }
        : { 'x-mbx-used-weight': String(sum), 'x-mbx-used-weight-1m': String(sum) };
    },
  };
}
