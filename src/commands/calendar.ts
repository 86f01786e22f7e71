import type { Event } from '../core/forecast.ts';
import { minute } from '../core/instant.ts';

/** The calendar of what is coming, as text, JSON or iCalendar (RFC 5545). */

export interface Range {
  from: Date;
  until: Date;
}

const SUMMARIES: Record<Event['kind'], string> = {
  'rotation-starts': 'rotation starts: a person will be asked to register a key',
  due: 'should be replaced by now',
  'registration-deadline': 'the new key should be registered by now',
  'overlap-ends': 'overlap ends: a person will be asked to delete the previous key',
  'deletion-deadline': 'the previous key should be deleted by now',
};

export async function calendarText(events: readonly Event[], { until }: Range): Promise<string> {
  const lines = events.map(
    ({ at, key, kind, owner }) => `${minute(at)}  ${key}  ${SUMMARIES[kind]}${owner ? ` (${owner})` : ''}`,
  );
  return `${[`${events.length} events until ${minute(until)}, if everybody is in time`, ...lines].join('\n')}\n`;
}

export async function calendarJson(events: readonly Event[], { from, until }: Range): Promise<string> {
  return `${JSON.stringify({ formatVersion: 1, at: from, until, events: events.map((each) => ({ ...each, summary: SUMMARIES[each.kind] })) }, null, 2)}\n`;
}

export async function calendar(events: readonly Event[]): Promise<string> {
  const { default: ical } = await import('ical-generator');
  const file = ical({ name: 'keyturn', prodId: { company: 'keyturn', product: 'keyturn' } });
  for (const { key, at, kind, owner } of events) {
    file.createEvent({
      id: `${kind}-${at.getTime()}-${key}`,
      start: at,
      end: at,
      summary: `${key}: ${SUMMARIES[kind]}`,
      description: owner ? `owner: ${owner}` : null,
    });
  }
  return file.toString();
}
