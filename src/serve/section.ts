import * as z from 'zod/mini';
import { about } from '../core/about.ts';
import { flawOfCron } from '../core/cron.ts';
import { Seconds, TimeZone } from '../core/policy-schema.ts';

const LISTEN = /^(?:(?<host>[^\s:[\]]+)|\[(?<ipv6>[0-9a-fA-F:.]+)\]):(?<port>\d{1,5})$/;

/** The section `serve` of keyturn.yaml. */
export const Serve = about(
  z.prefault(
    z.strictObject({
      schedule: about(
        z._default(
          z.string().check(({ value, issues }) => {
            const flaw = flawOfCron(value);
            if (flaw !== null) issues.push({ code: 'custom', message: flaw, input: value });
          }),
          '*/15 * * * *',
        ),
        { description: 'When it makes a pass, as a cron expression of five fields.', examples: ['*/15 * * * *'] },
      ),
      timeZone: about(z._default(TimeZone, 'Etc/UTC'), 'IANA time zone in which schedule is meant.'),
      jitter: about(
        z.prefault(Seconds, '30s'),
        'Each pass begins up to this much later, so that many daemons do not begin at once.',
      ),
      listen: about(
        z.pipe(
          z._default(
            z.string().check(
              z.regex(LISTEN, { error: 'must be an address and a port' }),
              z.refine((text) => Number(LISTEN.exec(text)?.groups?.port ?? 0) <= 65_535, {
                error: 'must have a port up to 65535',
              }),
            ),
            '127.0.0.1:9464',
          ),
          z.transform((text) => {
            const { host, ipv6, port } = LISTEN.exec(text)?.groups ?? {};
            return { host: ipv6 ?? host ?? '', port: Number(port) };
          }),
        ),
        {
          description: 'Where /healthz, /readyz and /metrics are; port 0 takes a free one.',
          examples: ['127.0.0.1:9464'],
        },
      ),
    }),
    {},
  ),
  'How keyturn serve runs.',
);
export type Serve = z.output<typeof Serve>;
