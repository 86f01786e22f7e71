import type { Key } from './policy.ts';

/** `market-maker-spot-g8`: tells people which entry of the venue’s page is which. */
export const labelOf = ({ name }: Pick<Key, 'name'>, generation: number): string => `${name}-g${generation}`;
