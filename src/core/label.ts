import type { VenueCapabilities } from './capabilities.ts';
import type { Key } from './policy.ts';
import type { Generation } from './record.ts';

/** Under which a generation stands at the venue: as it was registered, also where its key has another name by now. */
export const labelAtVenue = (
  key: Pick<Key, 'name'>,
  { generation, label }: Pick<Generation, 'generation' | 'label'>,
  capabilities: Pick<VenueCapabilities, 'labels'>,
): string => label ?? labelOf(key, generation, capabilities);

/** `market-maker-spot-g8`, fitted into what the venue takes: tells people which entry of its page is which. */
export function labelOf(
  { name }: Pick<Key, 'name'>,
  generation: number,
  { labels: { maxLength, wordsOnly } }: Pick<VenueCapabilities, 'labels'>,
): string {
  const end = `-g${generation}`;
  const label = name.slice(0, maxLength - end.length) + end;
  return wordsOnly ? label.replace(/\W/g, '_') : label;
}
