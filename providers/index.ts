import type { ZodObject } from 'zod';
import type { Clock } from '../src/ports/clock.ts';
import type { Notifier, NotifierDependencies } from '../src/ports/notifier.ts';
import type { OpenStore } from '../src/ports/store.ts';
import type { Venue, VenueCapabilities, VenueDependencies } from '../src/ports/venue.ts';
import { CommandOptions, openCommand } from './notifiers/command.ts';
import { KubernetesRolloutOptions, openKubernetesRollout } from './notifiers/kubernetes-rollout.ts';
import { MailOptions, openMail } from './notifiers/mail.ts';
import { openPagerDuty, PagerDutyOptions } from './notifiers/pagerduty.ts';
import { openSlack, SlackOptions } from './notifiers/slack.ts';
import { openTeams, TeamsOptions } from './notifiers/teams.ts';
import { openWebhook, WebhookOptions } from './notifiers/webhook.ts';
import { AwsOptions } from './stores/aws/options.ts';
import { DirectoryOptions } from './stores/directory/options.ts';
import { VaultOptions } from './stores/vault/options.ts';
import { binanceCapabilities } from './venues/binance/capabilities.ts';
import { BinanceOptions } from './venues/binance/options.ts';
import { BinanceSubAccountOptions, binanceSubAccountCapabilities } from './venues/binance/sub-account.ts';
import { bitgetCapabilities } from './venues/bitget/capabilities.ts';
import { BitgetOptions } from './venues/bitget/options.ts';
import { bybitCapabilities } from './venues/bybit/capabilities.ts';
import { BybitOptions } from './venues/bybit/options.ts';
import { deribitCapabilities } from './venues/deribit/capabilities.ts';
import { DeribitOptions } from './venues/deribit/options.ts';
import { manualCapabilities } from './venues/manual/capabilities.ts';
import { ManualOptions } from './venues/manual/options.ts';

/** Every kind there is. Adding one is its file, its test, and one line here; nothing happens at import time. */

export interface StoreKind<Options> {
  options: ZodObject;
  /** Loads what such a store is made of: the options above are all that is needed of kinds nobody uses. Opening sends nothing. */
  load(): Promise<(options: Options, dependencies: StoreDependencies) => OpenStore>;
}

export interface StoreDependencies {
  clock: Clock;
  /** Where relative paths start. */
  folder: string;
}

export const STORES = {
  directory: { options: DirectoryOptions, load: async () => (await import('./stores/directory.ts')).openDirectory },
  'aws-secrets-manager': { options: AwsOptions, load: async () => (await import('./stores/aws.ts')).openAws },
  vault: { options: VaultOptions, load: async () => (await import('./stores/vault.ts')).openVault },
} as const;

export interface VenueKind<Options> {
  options: ZodObject;
  /** What such a venue can do; asks nobody. */
  capabilities(options: Options): VenueCapabilities;
  /** Loads what asks such a venue, which planning never does. Opening asks nobody either. */
  load(): Promise<(options: Options, dependencies: VenueDependencies) => Venue>;
}

export const VENUES = {
  binance: {
    options: BinanceOptions,
    capabilities: binanceCapabilities,
    load: async () => (await import('./venues/binance.ts')).openBinance,
  },
  'binance-sub-account': {
    options: BinanceSubAccountOptions,
    capabilities: binanceSubAccountCapabilities,
    load: async () => (await import('./venues/binance-sub-account.ts')).openBinanceSubAccount,
  },
  bitget: {
    options: BitgetOptions,
    capabilities: bitgetCapabilities,
    load: async () => (await import('./venues/bitget.ts')).openBitget,
  },
  bybit: {
    options: BybitOptions,
    capabilities: bybitCapabilities,
    load: async () => (await import('./venues/bybit.ts')).openBybit,
  },
  deribit: {
    options: DeribitOptions,
    capabilities: deribitCapabilities,
    load: async () => (await import('./venues/deribit.ts')).openDeribit,
  },
  manual: {
    options: ManualOptions,
    capabilities: manualCapabilities,
    load: async () => (await import('./venues/manual.ts')).openManual,
  },
} as const;

export interface NotifierKind<Options> {
  options: ZodObject;
  /** It keeps what it was told open until it hears that it is over, and takes the same twice for one. */
  keepsIncidents?: true;
  /** Asks nobody. */
  open(options: Options, dependencies: NotifierDependencies): Notifier;
}

const webhook = { options: WebhookOptions, open: openWebhook };
const command = { options: CommandOptions, open: openCommand };

/** Who tells people. */
export const NOTIFIERS = {
  slack: { options: SlackOptions, open: openSlack },
  teams: { options: TeamsOptions, open: openTeams },
  mail: { options: MailOptions, open: openMail },
  pagerduty: { options: PagerDutyOptions, keepsIncidents: true, open: openPagerDuty },
  webhook,
  command,
} as const;

/** What tells applications that they have another key. */
export const HOOKS = {
  webhook,
  command,
  'kubernetes-rollout': { options: KubernetesRolloutOptions, open: openKubernetesRollout },
} as const;

export { isLoopback } from './address.ts';
export { nodeKeys } from './keys.ts';
export { type IamRole, iamPolicy } from './stores/aws/iam.ts';
export { createEmbeddedIdentities } from './stores/directory/identity.ts';
export { splitCustody } from './stores/split.ts';
export { vaultPolicy } from './stores/vault/policy.ts';
export { manualAddress } from './venues/manual/capabilities.ts';
