import type { Algorithm, Permission } from './policy.ts';
import type { PublicKeyForm } from './public-key.ts';

/** One switch on the venue's page for keys, as the venue's own status read names it. */
export interface Switch {
  /** Field of the venue's answer, for example `enableSpotAndMarginTrading`. */
  field: string;
  /** The words on the page, for example `Enable Spot & Margin Trading`. */
  label: string;
  /** The permission it gives, or all that it gives at once; null for switches no purpose can ask for, which must stay off. */
  permission: Permission | readonly Permission[] | null;
}

/** What a venue can do and wants, declared once, so that planning, rules and task cards need not ask it. */
export interface VenueCapabilities {
  /** The name people know it by, for example `Binance`. */
  title: string;
  algorithms: readonly Algorithm[];
  /** Permissions that only some of them can have. */
  onlyWith: Partial<Record<Permission, readonly Algorithm[]>>;
  /** The page where people create and delete keys. */
  page: string;
  /** Whether keyturn registers public halves itself or asks a person. */
  registering: 'person' | 'api';
  /** Whether keyturn deletes keys itself or asks a person; where the API refuses, a person is asked all the same. */
  deleting: 'person' | 'api';
  /** Whether all keys of an account can be listed, so that a key that is not in the list is known not to exist. */
  lists: boolean;
  /** What people do there, one imperative sentence a step. */
  registerSteps: readonly string[];
  deleteSteps: readonly string[];
  switches: readonly Switch[];
  /** The words on the page for the allowlist switch. */
  allowlistLabel: string;
  /** What the venue does by itself with a key that is tied to no address, as half a sentence; null: nothing is known. */
  withoutAllowlist: string | null;
  /** What the venue takes as the name of a key. */
  labels: { maxLength: number /** Letters, digits and underscores only. */; wordsOnly: boolean };
  /** How people are shown the public half they register; SPKI PEM where nothing is said. */
  publicKeyForm?: PublicKeyForm;
  /** What key ids look like. */
  apiKey: { pattern: RegExp; description: string };
  limits: { keysPerAccount: number; allowlistEntries: number; ipv6: boolean };
}

/** Whether people register a key: the venue has no call for it, or wants a person all the same. */
export const isForPeopleToRegister = (
  { registering }: Pick<VenueCapabilities, 'registering'>,
  { registrationRefused }: { registrationRefused?: string | undefined },
): boolean => registering === 'person' || registrationRefused !== undefined;
