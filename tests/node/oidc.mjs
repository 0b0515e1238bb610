// A real OpenID Connect provider for tests. Its one argument is a JSON object: `clientId` and `clientSecret` of the one client,
// `redirect` where it may be sent back to, `key` and `cert` files for TLS. Whoever types a login is who they say. It tells what
// happens as one JSON object a line, and ends with its standard input.
import { readFileSync } from 'node:fs';
import { createServer as createPlain } from 'node:http';
import { createServer as createSecure } from 'node:https';
import Provider from 'oidc-provider';

const { clientId, clientSecret, redirect, key, cert } = JSON.parse(process.argv[2] ?? '{}');
// Its standard output is for what it tells; the library's advice goes beside it.
console.info = console.log = console.warn = console.error;
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const server = key ? createSecure({ key: readFileSync(key), cert: readFileSync(cert) }) : createPlain();
server.listen(0, '127.0.0.1', () => {
  const issuer = `${key ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirect] }],
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/login/${uid}` },
    cookies: { keys: ['a test'] },
    // Nobody is asked twice: who logs in lets the one client know.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  provider.on('authorization.error', (_, error) => tell({ error: error.message }));
  provider.on('grant.error', (_, error) => tell({ error: error.message }));
  provider.on('server_error', (_, error) => tell({ error: error.stack }));
  provider.on('grant.success', ({ oidc }) => tell({ gave: oidc.session?.accountId ?? oidc.account?.accountId }));
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    // Browsers ask for it, and a page that is missing is a fault to the tests.
    if (request.url === '/favicon.ico') return response.writeHead(204).end();
    if (!request.url.startsWith('/login/')) return answer(request, response);
    if (request.method !== 'POST') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      return response.end(
        '<!doctype html><html lang="en"><title>Provider</title><form method="post"><label>Login <input name="login"></label>' +
          '<button name="go">Log in</button><button name="stop">Cancel</button></form></html>',
      );
    }
    const parts = [];
    for await (const part of request) parts.push(part);
    const form = new URLSearchParams(Buffer.concat(parts).toString('utf8'));
    const result = form.has('stop')
      ? { error: 'access_denied', error_description: 'They went away' }
      : { login: { accountId: form.get('login') } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  });
  tell({ issuer });
});
process.stdin.on('end', () => process.exit(0)).resume();
