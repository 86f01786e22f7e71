import type { VenueCapabilities } from '../../src/ports/venue.ts';

/** What venues have in common where people do everything, on a page. */
export const BY_PEOPLE = {
  onlyWith: {},
  registering: 'person',
  deleting: 'person',
  lists: false,
} as const satisfies Partial<VenueCapabilities>;

/** `name`: what the page calls the label. */
export const deletingAsAnywhere = (name: string): VenueCapabilities['deleteSteps'] => [
  `Log in to the account named above, open the page and find the key by its ${name} and its id.`,
  'Delete this one key, and confirm with the second factor.',
  'Do not edit it instead: only a deleted key can be proven dead.',
];
