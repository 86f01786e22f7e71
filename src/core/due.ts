import type { Snapshot } from './decide.ts';
import { later } from './instant.ts';
import type { Schedule } from './policy.ts';
import { type Generation, type KeyRecord, rolesOf } from './record.ts';

/** From when on a generation counts as in use: the venue’s creation time where readable, else when its id was handed in. */
export const bornAt = ({ at }: Generation): Date => new Date(at.created ?? at.registered ?? at.generated);

/** Until when current should be replaced: its birth plus the interval; at once where there is none; a request pulls it forward. */
export const dueOf = (snapshot: Pick<Snapshot, 'key' | 'record' | 'now'>): Date => dueWith(snapshot, 0);

/** From when on a rotation that has not begun is late: what was asked for has a lead time, as what falls due. */
export const lateFrom = (snapshot: Pick<Snapshot, 'key' | 'record' | 'now'>): Date =>
  dueWith(snapshot, snapshot.key.schedule.lead);

/** `notice`: how many seconds a request pulls it forward to, counted from when it was made. */
function dueWith({ key, record, now }: Pick<Snapshot, 'key' | 'record' | 'now'>, notice: number): Date {
  if (record === null) return now;
  const { current, next } = rolesOf(record);
  if (current === null) return next === null ? now : new Date(next.at.generated);
  if (current.compromised) return new Date(current.compromised.at);
  const scheduled = later(bornAt(current), key.rotateEvery);
  const requested = requestedAt({ record, now });
  const wanted = requested && later(requested, notice);
  return wanted && wanted < scheduled ? wanted : scheduled;
}

/** Null where nobody asked for a rotation. Whoever did wants it now, also by a clock that is ahead of this one. */
export function requestedAt({ record, now }: { record: Pick<KeyRecord, 'request'>; now: Date }): Date | null {
  if (!record.request) return null;
  const at = new Date(record.request.at);
  return at < now ? at : now;
}

/** Until when a person should have registered a key, or mended one. */
export const registrationDeadline = (since: string, { registerWithin }: Schedule): Date => later(since, registerWithin);

/** Until when a previous key must be gone: after the overlap, at once where it is compromised. */
export function deletionDeadline({ at, compromised }: Generation, { overlap, revokeWithin }: Schedule): Date {
  if (compromised) return later(compromised.at, revokeWithin);
  return later(at.superseded ?? at.deletionAsked ?? at.generated, overlap + revokeWithin);
}
