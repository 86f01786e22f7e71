import { Socket } from 'node:net';

/** Preloaded into clients: whoever tries to reach anything but the loopback ends at once, before a name is even looked up. */

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [first, second] = args.flat();
  const { host, path } = typeof first === 'object' && first !== null ? first : { host: second };
  if (path === undefined && !LOOPBACK.includes(host)) {
    process.stderr.write(`reached for ${host}\n`);
    process.exit(97);
  }
  return connect.apply(this, args);
};
