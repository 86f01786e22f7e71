import { isKeyturnError } from './errors.ts';
import type { StoreReader } from './ports/store.ts';
import type { Venue } from './ports/venue.ts';

/** One request to a store or venue, for metrics. */
export interface Request {
  to: 'store' | 'venue';
  /** What the configuration calls it. */
  name: string;
  /** The method of its port. */
  operation: string;
  seconds: number;
  /** `ok`, or the code of the error it was answered with. */
  outcome: string;
}

export type OnRequest = (request: Request) => void;

/** The same store; each of its requests is reported when it has ended. */
export const timedStore = <S extends StoreReader>(store: S, name: string, onRequest?: OnRequest): S =>
  onRequest ? timed(store, (request) => onRequest({ to: 'store', name, ...request })) : store;

/** The same venue; each of its requests is reported when it has ended. */
export function timedVenue(venue: Venue, name: string, onRequest?: OnRequest): Venue {
  if (!onRequest) return venue;
  const report = (request: Measured) => onRequest({ to: 'venue', name, ...request });
  return timed({ ...venue, management: timed(venue.management, report) }, report);
}

type Measured = Pick<Request, 'operation' | 'seconds' | 'outcome'>;

/** A port’s methods are its requests; everything else of it is only looked at. */
function timed<P extends object>(port: P, report: (request: Measured) => void): P {
  return new Proxy(port, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return async (...parameters: unknown[]) => {
        const start = performance.now();
        let outcome = 'ok';
        try {
          return await Reflect.apply(member, target, parameters);
        } catch (error) {
          outcome = isKeyturnError(error) ? error.code : 'bug';
          throw error;
        } finally {
          report({ operation: String(name), seconds: (performance.now() - start) / 1000, outcome });
        }
      };
    },
  });
}
