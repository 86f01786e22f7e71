import type { Message } from '../core/notification-text.ts';
import type { Notification } from '../core/notifications.ts';
import type { Clock } from './clock.ts';

export type { NotificationEvent } from '../core/notifications.ts';
export type { Message, Notification };

/** Somebody, or something, that is told. */
export interface Notifier {
  /**
   * Returns when the other side has taken the message on. The same message may come again, under the same id. Throws
   * `invalid` where its configuration has no usable address or secret, `unavailable` or `throttled` where trying again
   * later may help, `refused` where it will not, or, if that is `partial`, for some of those who should hear it; nothing it
   * throws repeats address, secret or body.
   */
  deliver(message: Message): Promise<void>;
}

/** What every kind of notifier is opened with. */
export interface NotifierDependencies {
  clock: Clock;
  /** Where relative paths start. */
  folder: string;
}

/** A notifier or hook of keyturn.yaml, with what it wants to be told. */
export interface Channel {
  /** Under which records keep what it was told: `notifiers/desk`, `hooks/reload`. */
  name: string;
  hears(notification: Notification): boolean;
  /** In its quiet hours only a compromised key is told. */
  isSilent(now: Date): boolean;
  /** It keeps what it was told open until it hears that it is over, and takes the same twice for one. */
  keepsIncidents: boolean;
  /** Whether everything that a pass has to tell comes in one message. */
  digest: 'always' | 'when-many' | 'never';
  notifier: Notifier;
}
