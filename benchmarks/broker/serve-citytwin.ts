// Our broker in a process of its own, with access rules and limits as they are by default; prints where and how to log in as JSON.
import { startBroker } from '../../broker/broker.ts';
import { ephemeralCredentials } from '../../broker/credentials.ts';

const { credentials, secretOf } = ephemeralCredentials();
const { port } = await startBroker({
  city: 'wuxi',
  host: '127.0.0.1',
  port: 0,
  credentials,
  take: () => undefined,
  log: console,
});
const login = (username: 'simulator' | 'viewer') => ({ username, password: secretOf(username) });
console.log(JSON.stringify({ port, publisher: login('simulator'), subscriber: login('viewer') }));
process.on('SIGTERM', () => process.exit()); // so that a profile is written
