/** A real OpenID Connect provider for the home of the tests, and how the daemon is told of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CLIENT = { clientId: 'gatehouse', clientSecret: 'what only the provider and the gateway know' };

export interface Provider {
  readonly issuer: string;
  /** The daemon's configuration, as environment. */
  readonly environment: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts it, for a gateway that has yet to start. `root` is the repository, `dir` the home's directory. */
export async function startProvider(root: string, dir: string): Promise<Provider> {
  // Where the provider sends people back to has to be known before the gateway listens there.
  const address = await freeAddress();
  const options = { ...CLIENT, redirect: `http://${address}/oidc/callback` };
  const server = spawn('node', [join(root, 'tests/node/oidc.mjs'), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(server, 'exit');
  let issuer = '';
  for await (const line of createInterface(server.stdout)) {
    issuer = (JSON.parse(line) as { issuer?: string }).issuer ?? '';
    break;
  }
  if (!issuer) throw new Error('The provider did not start: make test-servers');
  server.stdout.resume();
  const secret = join(dir, 'oidc-secret');
  await writeFile(secret, CLIENT.clientSecret, { mode: 0o600 });
  const environment = {
    GATEHOUSE_HTTP_LISTEN: address,
    GATEHOUSE_HTTP_PUBLIC_NAME: address,
    GATEHOUSE_OIDC_ISSUER: issuer,
    GATEHOUSE_OIDC_CLIENT_ID: CLIENT.clientId,
    GATEHOUSE_OIDC_CLIENT_SECRET_FILE: secret,
    GATEHOUSE_OIDC_NAME: 'Example',
  };
  const stop = async (): Promise<void> => {
    server.stdin.end();
    await ended;
  };
  return { issuer, environment, stop };
}

async function freeAddress(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return `127.0.0.1:${port}`;
}
