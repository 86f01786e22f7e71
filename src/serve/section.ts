import * as z from 'zod';
import { flawOfCron } from '../core/cron.ts';
import { Seconds, TimeZone } from '../core/policy-schema.ts';

const LISTEN = /^(?:(?<host>[^\s:[\]]+)|\[(?<ipv6>[0-9a-fA-F:.]+)\]):(?<port>\d{1,5})$/;

/** The section `serve` of keyturn.yaml. */
export const Serve = z
  .strictObject({
    schedule: z
      .string()
      .check(({ value, issues }) => {
        const flaw = flawOfCron(value);
        if (flaw !== null) issues.push({ code: 'custom', message: flaw, input: value });
      })
      .default('*/15 * * * *')
      .meta({ description: 'When it makes a pass, as a cron expression of five fields.', examples: ['*/15 * * * *'] }),
    timeZone: TimeZone.default('Etc/UTC').meta({ description: 'IANA time zone in which schedule is meant.' }),
    jitter: Seconds.prefault('30s').meta({
      description: 'Each pass begins up to this much later, so that many daemons do not begin at once.',
    }),
    listen: z
      .string()
      .regex(LISTEN, { error: 'must be an address and a port' })
      .refine((text) => Number(LISTEN.exec(text)?.groups?.port ?? 0) <= 65_535, {
        error: 'must have a port up to 65535',
      })
      .default('127.0.0.1:9464')
      .transform((text) => {
        const { host, ipv6, port } = LISTEN.exec(text)?.groups ?? {};
        return { host: ipv6 ?? host ?? '', port: Number(port) };
      })
      .meta({
        description: 'Where /healthz, /readyz and /metrics are; port 0 takes a free one.',
        examples: ['127.0.0.1:9464'],
      }),
  })
  .prefault({})
  .meta({ description: 'How keyturn serve runs.' });
export type Serve = z.output<typeof Serve>;
