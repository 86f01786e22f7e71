import { expect, it } from 'vitest';
import { nodeKeys } from '../../providers/index.ts';
import { login } from '../../providers/venues/manual/ssh-login.ts';
import { deadPort, serveTcp } from './loopback.ts';

/** What a login says where no SSH server answers as it should. */

const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL6bCkXMDSlsPNsDWkJpx9CN6PzaTjlXXy3F1KJ0pZ0u';
const to = async (port: number, timeoutMs = 5000) =>
  login({ host: '127.0.0.1', port, user: 'deploy', hostKey: HOST_KEY }, await nodeKeys().throwAway(), timeoutMs);

it('nobody listens: network', async () => {
  expect(await to(await deadPort())).toMatchObject({ outcome: 'trouble', why: 'network', detail: 'ECONNREFUSED' });
});

it('the connection is closed before a word: no verdict', async () => {
  const { port } = await serveTcp((socket) => socket.destroy());
  expect(await to(port)).toMatchObject({ outcome: 'trouble' });
});

it('nothing is ever said: timeout, when the time is over', async () => {
  const { port } = await serveTcp(() => undefined);
  expect(await to(port, 200)).toMatchObject({ outcome: 'trouble', why: 'timeout' });
});

it('something else than SSH is spoken: no verdict', async () => {
  const { port } = await serveTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  expect(await to(port, 1000)).toMatchObject({ outcome: 'trouble' });
});
