import { isInForce, type KeyId, type Waiver } from '../policy.ts';
import type { Effect } from './change.ts';

export interface WaiverChange {
  rule: string;
  key: KeyId;
  effect: Effect;
  message: string;
  /** The last day on which it counts; null where there is none. */
  before: string | null;
  after: string | null;
}

/** `nameOf` tells what a key of before is called after. Waivers that are over change nothing. */
export function compareWaivers(
  before: readonly Waiver[],
  after: readonly Waiver[],
  { today, nameOf }: { today: Date; nameOf: (key: KeyId) => KeyId },
): WaiverChange[] {
  const was = longest(before.map((waiver) => ({ ...waiver, key: nameOf(waiver.key) })));
  const is = longest(after);
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((mark) => {
    const change = compare(inForce(was.get(mark), today), inForce(is.get(mark), today));
    return change === null ? [] : [change];
  });
}

/** The one that counts longest for a rule and a key. */
function longest(waivers: readonly Waiver[]): Map<string, Waiver> {
  const found = new Map<string, Waiver>();
  for (const waiver of waivers) {
    const mark = `${waiver.rule} ${waiver.key}`;
    if ((found.get(mark)?.until ?? '') <= waiver.until) found.set(mark, waiver);
  }
  return found;
}

const inForce = (waiver: Waiver | undefined, today: Date): Waiver | undefined =>
  waiver && isInForce(waiver, today) ? waiver : undefined;

function compare(before: Waiver | undefined, after: Waiver | undefined): WaiverChange | null {
  const { rule, key } = after ?? before ?? {};
  if (rule === undefined || key === undefined) return null;
  const said = (effect: Effect, message: string): WaiverChange => ({
    rule,
    key,
    effect,
    message: `${rule} for ${key} ${message}`,
    before: before?.until ?? null,
    after: after?.until ?? null,
  });
  if (before === undefined) return after ? said('relaxed', `waived until ${after.until}: ${after.reason}`) : null;
  if (after === undefined) return said('tightened', `no longer waived (was until ${before.until})`);
  if (after.until > before.until)
    return said('relaxed', `waived longer, ${before.until} → ${after.until}: ${after.reason}`);
  if (after.until < before.until) return said('tightened', `waived shorter, ${before.until} → ${after.until}`);
  return after.reason === before.reason ? null : said('neutral', `waived for another reason: ${after.reason}`);
}
