import { type Answer, type Call, json, methodNotAllowed } from './http.ts';
import type { Registry } from './registry.ts';

/** One request that came, whatever became of it. */
export interface JournalEntry {
  /** ISO instant, by the sandbox's clock. */
  at: string;
  method: string;
  path: string;
  /** The label of the key that asked; `unknown` for an id that was never one, null without a key. */
  key: string | null;
  /** Null where the caller got no answer. */
  status: number | null;
  /** What went wrong on purpose; null when nothing did. */
  fault: string | null;
}

export interface Journal {
  add(call: Call, answer: Answer, at: Date): void;
  /** Oldest first. */
  entries(): JournalEntry[];
  clear(): void;
}

const JOURNAL_PATH = '/sandbox/journal';

/** More than this, and the oldest are dropped. */
const MAX_ENTRIES = 10_000;

/** `keyIdOf` tells which key a call names. */
export function openJournal(registry: Registry, keyIdOf: (call: Call) => string | null): Journal {
  let entries: JournalEntry[] = [];

  function labelOf(call: Call): string | null {
    const apiKey = keyIdOf(call);
    if (apiKey === null) return null;
    const key = registry.find(apiKey) ?? registry.deleted(apiKey)?.key;
    return key?.label ?? 'unknown';
  }

  return {
    add(call, { status, ending, fault = null }, at) {
      const { method, path } = call;
      const lost = ending === 'hang' || ending === 'reset';
      entries.push({ at: at.toISOString(), method, path, key: labelOf(call), status: lost ? null : status, fault });
      if (entries.length > MAX_ENTRIES) entries = entries.slice(-MAX_ENTRIES / 2);
    },
    entries: () => [...entries],
    clear() {
      entries = [];
    },
  };
}

/** `GET /sandbox/journal` lists every request there was, `DELETE` forgets them. Null for other paths. */
export const journalPage =
  (journal: Journal) =>
  ({ path, method }: Call): Answer | null => {
    if (path !== JOURNAL_PATH) return null;
    if (method === 'GET') return json(200, { requests: journal.entries() });
    if (method !== 'DELETE') return methodNotAllowed('GET, DELETE');
    journal.clear();
    return json(200, { requests: [] });
  };
