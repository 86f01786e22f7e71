import { later } from '../core/instant.ts';
import type { KeyRecord } from '../core/record.ts';
import { KeyturnError } from '../errors.ts';
import { notedOnNewest, save, type Tools } from './step.ts';

/** Takes a claim away whose worker cannot be at work any more. Throws `refused` while it may be. */
export async function releaseClaim(tools: Tools, record: KeyRecord): Promise<void> {
  const { claim, ...rest } = record;
  if (!claim) return;
  const { clock, key } = tools;
  if (clock.now() < later(claim.until, tools.claim.margin))
    throw new KeyturnError('refused', `${claim.by} may still be at work on ${key.id}, until ${claim.until}`, {
      hint: 'wait until the claim and its margin are over; it ends by itself',
    });
  await save(tools, record, notedOnNewest(tools, rest, 'claim-released', { of: claim.by, until: claim.until }));
}
