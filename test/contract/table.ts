import { basename } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * The contract of stores, case by case and store by store, after the tests: as a table where only they were run, else in one
 * line a store. Exceptions are listed with their reasons.
 */
export default class ContractTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const stores = modules.filter(({ moduleId }) => /\/test\/contract\/[^/]+\.test\.ts$/.test(moduleId)).map(resultsOf);
    if (stores.length === 0) return;
    const lines = stores.length === modules.length ? table(stores) : stores.map(summary);
    const exceptions = stores.flatMap(({ store, cases }) =>
      [...cases.values()].flatMap(({ title, why }) => (why ? [`  ${store} ${title.slice(0, 2)}: ${why}`] : [])),
    );
    process.stdout.write(`\nContract of stores\n${[...lines, ...exceptions].join('\n')}\n\n`);
  }
}

interface Result {
  title: string;
  state: 'passed' | 'failed' | 'skipped' | 'pending';
  /** Why it is left out. */
  why: string | null;
}

interface StoreResults {
  store: string;
  /** By the number of the case. */
  cases: Map<string, Result>;
}

function resultsOf(module: TestModule): StoreResults {
  const cases = [...module.children.allTests()].map(resultOf).filter(({ title }) => /^\d\d /.test(title));
  return {
    store: basename(module.moduleId, '.test.ts'),
    cases: new Map(cases.map((each) => [each.title.slice(0, 2), each])),
  };
}

function resultOf(test: TestCase): Result {
  const [, title = test.name, why = null] = /^(.*?)(?: \(skipped: (.*)\))?$/.exec(test.name) ?? [];
  return { title, state: test.result().state, why };
}

const SIGN = { passed: '✓', failed: '✗', skipped: '–', pending: '?' } as const;

function table(stores: readonly StoreResults[]): string[] {
  const titles = new Map(stores.flatMap(({ cases }) => [...cases].map(([number, { title }]) => [number, title])));
  const rows = [...titles]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([number, title]) => [title, ...stores.map(({ cases }) => SIGN[cases.get(number)?.state ?? 'pending'])]);
  const width = Math.max(...rows.map(([title = '']) => title.length));
  return [['case', ...stores.map(({ store }) => store)], ...rows].map(([title = '', ...signs]) =>
    `  ${title.padEnd(width)}  ${signs.map((sign, index) => sign.padEnd(stores[index]?.store.length ?? 0)).join('  ')}`.trimEnd(),
  );
}

function summary({ store, cases }: StoreResults): string {
  const states = [...cases.values()].map(({ state }) => state);
  const counted = (state: Result['state']) => states.filter((each) => each === state).length;
  return `  ${store}: ${counted('passed')} of ${states.length} cases hold, ${counted('failed')} fail, ${counted('skipped')} left out`;
}
