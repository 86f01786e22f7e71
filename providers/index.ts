import type { ZodMiniObject } from 'zod/mini';
import type { Clock } from '../src/ports/clock.ts';
import type { Notifier, NotifierDependencies } from '../src/ports/notifier.ts';
import type { OpenStore } from '../src/ports/store.ts';
import type { Venue, VenueCapabilities, VenueDependencies } from '../src/ports/venue.ts';
import { DirectoryOptions } from './stores/directory/options.ts';
import { binanceCapabilities } from './venues/binance/capabilities.ts';
import { BinanceOptions } from './venues/binance/options.ts';
import { binanceSubAccountCapabilities } from './venues/binance/sub-account-capabilities.ts';
import { bitgetCapabilities } from './venues/bitget/capabilities.ts';
import { BitgetOptions } from './venues/bitget/options.ts';
import { bybitCapabilities } from './venues/bybit/capabilities.ts';
import { BybitOptions } from './venues/bybit/options.ts';
import { deribitCapabilities } from './venues/deribit/capabilities.ts';
import { DeribitOptions } from './venues/deribit/options.ts';
import { manualCapabilities } from './venues/manual/capabilities.ts';

/**
 * Every kind there is. Adding one is its file, its test, and one line here; nothing happens at import time. Of kinds that
 * nobody uses nothing is loaded, but for the options of those that are there without a keyturn.yaml.
 */

interface Kind {
  /** What an entry of keyturn.yaml takes besides `kind`. */
  options(): Promise<ZodMiniObject>;
}

export interface StoreKind<Options> extends Kind {
  /** Loads what such a store is made of. Opening sends nothing. */
  load(): Promise<(options: Options, dependencies: StoreDependencies) => OpenStore>;
}

export interface StoreDependencies {
  clock: Clock;
  /** Where relative paths start. */
  folder: string;
}

export const STORES = {
  directory: {
    options: async () => DirectoryOptions,
    load: async () => (await import('./stores/directory.ts')).openDirectory,
  },
  'aws-secrets-manager': {
    options: async () => (await import('./stores/aws/options.ts')).AwsOptions,
    load: async () => (await import('./stores/aws.ts')).openAws,
  },
  vault: {
    options: async () => (await import('./stores/vault/options.ts')).VaultOptions,
    load: async () => (await import('./stores/vault.ts')).openVault,
  },
} as const;

export interface VenueKind<Options> extends Kind {
  /** What such a venue can do; asks nobody. */
  capabilities(options: Options): VenueCapabilities;
  /** Loads what asks such a venue, which planning never does. Opening asks nobody either. */
  load(): Promise<(options: Options, dependencies: VenueDependencies) => Venue>;
}

export const VENUES = {
  binance: {
    options: async () => BinanceOptions,
    capabilities: binanceCapabilities,
    load: async () => (await import('./venues/binance.ts')).openBinance,
  },
  'binance-sub-account': {
    options: async () => (await import('./venues/binance/sub-account-options.ts')).BinanceSubAccountOptions,
    capabilities: binanceSubAccountCapabilities,
    load: async () => (await import('./venues/binance-sub-account.ts')).openBinanceSubAccount,
  },
  bitget: {
    options: async () => BitgetOptions,
    capabilities: bitgetCapabilities,
    load: async () => (await import('./venues/bitget.ts')).openBitget,
  },
  bybit: {
    options: async () => BybitOptions,
    capabilities: bybitCapabilities,
    load: async () => (await import('./venues/bybit.ts')).openBybit,
  },
  deribit: {
    options: async () => DeribitOptions,
    capabilities: deribitCapabilities,
    load: async () => (await import('./venues/deribit.ts')).openDeribit,
  },
  manual: {
    options: async () => (await import('./venues/manual/options.ts')).ManualOptions,
    capabilities: manualCapabilities,
    load: async () => (await import('./venues/manual.ts')).openManual,
  },
} as const;

export interface NotifierKind<Options> extends Kind {
  /** It keeps what it was told open until it hears that it is over, and takes the same twice for one. */
  keepsIncidents?: true;
  /** Loads what tells it. Opening asks nobody. */
  load(): Promise<(options: Options, dependencies: NotifierDependencies) => Notifier>;
}

const webhook = {
  options: async () => (await import('./notifiers/webhook.ts')).WebhookOptions,
  load: async () => (await import('./notifiers/webhook.ts')).openWebhook,
};
const command = {
  options: async () => (await import('./notifiers/command.ts')).CommandOptions,
  load: async () => (await import('./notifiers/command.ts')).openCommand,
};

/** Who tells people. */
export const NOTIFIERS = {
  slack: {
    options: async () => (await import('./notifiers/slack.ts')).SlackOptions,
    load: async () => (await import('./notifiers/slack.ts')).openSlack,
  },
  teams: {
    options: async () => (await import('./notifiers/teams.ts')).TeamsOptions,
    load: async () => (await import('./notifiers/teams.ts')).openTeams,
  },
  mail: {
    options: async () => (await import('./notifiers/mail.ts')).MailOptions,
    load: async () => (await import('./notifiers/mail.ts')).openMail,
  },
  pagerduty: {
    keepsIncidents: true,
    options: async () => (await import('./notifiers/pagerduty.ts')).PagerDutyOptions,
    load: async () => (await import('./notifiers/pagerduty.ts')).openPagerDuty,
  },
  webhook,
  command,
} as const;

/** What tells applications that they have another key. */
export const HOOKS = {
  webhook,
  command,
  'kubernetes-rollout': {
    options: async () => (await import('./notifiers/kubernetes-rollout.ts')).KubernetesRolloutOptions,
    load: async () => (await import('./notifiers/kubernetes-rollout.ts')).openKubernetesRollout,
  },
} as const;

export { isLoopback } from './address.ts';
export { nodeKeys } from './keys.ts';
export { type IamRole, iamPolicy } from './stores/aws/iam.ts';
export { createEmbeddedIdentities } from './stores/directory/identity.ts';
export { splitCustody } from './stores/split.ts';
export { vaultPolicy } from './stores/vault/policy.ts';
export { manualAddress } from './venues/manual/capabilities.ts';
