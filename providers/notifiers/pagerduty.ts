import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
import type { Notification, NotificationEvent, Notifier, NotifierDependencies } from '../../src/ports/notifier.ts';
import { readSecretReference, SecretReference } from '../../src/secret-reference.ts';
import { isSafeAddress } from '../address.ts';
import { createHttpClient } from '../http.ts';
import { postJson } from './post.ts';

const ALARMS = ['task', 'overdue', 'compromised', 'failed'] as const satisfies readonly NotificationEvent[];

export const PagerDutyOptions = z.strictObject({
  routingKey: about(SecretReference, 'The integration key of a service (Events API v2)'),
  baseUrl: about(
    z._default(
      z
        .url()
        .check(z.refine(isSafeAddress, { error: 'must start with https://; plain http is for this machine only' })),
      'https://events.pagerduty.com',
    ),
    'Another one for accounts in Europe: https://events.eu.pagerduty.com',
  ),
  on: about(
    z._default(z.array(z.enum(ALARMS)).check(z.minLength(1)), ['overdue', 'compromised', 'failed']),
    'What opens an incident; what is over closes it',
  ),
  digest: about(z._default(z.literal(false), false), 'Incidents are never put together'),
});
type PagerDutyOptions = z.infer<typeof PagerDutyOptions>;

const SEVERITIES: Record<Notification['event'], 'critical' | 'error' | 'warning' | 'info'> = {
  compromised: 'critical',
  failed: 'error',
  overdue: 'error',
  task: 'warning',
  rotated: 'info',
  dead: 'info',
  recovered: 'info',
  test: 'info',
};

/** The longest summary and key that PagerDuty takes. */
const MAX_SUMMARY = 1024;
const MAX_DEDUP_KEY = 255;

/** One incident for each thing; its reminders go into the same one, and it is resolved when the thing is over. */
export function openPagerDuty(
  { routingKey, baseUrl }: PagerDutyOptions,
  { clock, folder }: NotifierDependencies,
): Notifier {
  const client = createHttpClient({ now: () => clock.now() });
  const enqueue = async (action: 'trigger' | 'resolve', notification: Notification) => {
    const { key, subject } = notification;
    const event = {
      routing_key: (await readSecretReference(routingKey, folder)).revealText().trim(),
      event_action: action,
      dedup_key: `keyturn/${key}/${subject}`.slice(-MAX_DEDUP_KEY),
      ...(action === 'trigger' ? { payload: payloadOf(notification) } : {}),
    };
    await postJson(client, new URL('/v2/enqueue', baseUrl).href, JSON.stringify(event));
  };
  return {
    async deliver({ notifications }) {
      for (const notification of notifications) {
        if (notification.event !== 'recovered') await enqueue('trigger', notification);
        if (notification.event === 'recovered' || notification.event === 'test') await enqueue('resolve', notification);
      }
    },
  };
}

function payloadOf({ event, key, account, application, owner, at, deadline, message, hint }: Notification) {
  return {
    summary: `${key}: ${message}`.slice(0, MAX_SUMMARY),
    source: key,
    severity: SEVERITIES[event],
    timestamp: at,
    component: application,
    group: account,
    class: event,
    custom_details: { owner, deadline, hint },
  };
}
