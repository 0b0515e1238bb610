/** /graphql by POST and by WebSocket, over a World; and, for tests, the built dashboard as the daemon serves it. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { graphql } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Asker } from './asking';
import { rootsOf, schema } from './schema';
import type { World } from './world';

const COOKIE = 'gatehouse_session';
const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

function sessionOf(request: IncomingMessage): string | null {
  const found = /(?:^|;\s*)gatehouse_session=([^;]*)/.exec(request.headers.cookie ?? '');
  return found?.[1] || null;
}

export function gateway(world: World) {
  const roots = rootsOf(world);
  const sockets = new WebSocketServer({ noServer: true });

  useServer(
    {
      schema,
      roots,
      context: ({ extra }): Asker => ({
        session: sessionOf(extra.request),
        userAgent: null,
        open() {},
        close() {},
      }),
      onConnect({ extra }) {
        const session = sessionOf(extra.request);
        if (session && world.sessions.has(session)) {
          const stop = world.listen((event) => {
            if (event.kind === 'session-ended' && event.id === session) extra.socket.close(4403, 'Revoked');
          });
          extra.socket.on('close', stop);
          return true;
        }
        extra.socket.close(4401, 'Unauthenticated');
        return;
      },
    },
    sockets,
  );

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { query, variables } = JSON.parse(body);
    const set = (value: string, more = '') =>
      response.setHeader('set-cookie', `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict${more}`);
    const asker: Asker = {
      session: sessionOf(request),
      userAgent: request.headers['user-agent'] ?? null,
      open: (session) => set(session),
      close: () => set('', '; Max-Age=0'),
    };
    const answer = await graphql({
      schema,
      source: query,
      variableValues: variables,
      rootValue: { ...roots.query, ...roots.mutation },
      contextValue: asker,
    });
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }

  const isGraphql = (request: IncomingMessage) => request.url?.split('?')[0] === '/graphql';
  return {
    /** True when the request was for us. */
    answer(request: IncomingMessage, response: ServerResponse): boolean {
      if (!isGraphql(request) || request.method !== 'POST') return false;
      post(request, response).catch((error: unknown) => {
        response.statusCode = 400;
        response.end(String(error));
      });
      return true;
    },
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
      if (!isGraphql(request)) return false;
      sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
      return true;
    },
    /** Closes every WebSocket with this code. */
    drop(code: number): void {
      for (const client of sockets.clients) client.close(code);
    },
  };
}

export interface MockServer {
  url: string;
  /** Lets the network fail: sockets die and no request is answered, until `comeBack`. */
  goAway(): void;
  comeBack(): void;
  /** Closes every WebSocket with this code. */
  drop(code: number): void;
  stop(): Promise<void>;
}

/** The built dashboard and a fake gateway on a free port of loopback, with the daemon's headers. */
export async function serve(world: World): Promise<MockServer> {
  const api = gateway(world);
  const alive = new Set<Duplex>();
  let away = false;
  const server: Server = createServer((request, response) => {
    if (away) request.socket.destroy();
    else if (request.method === 'POST' && request.url === '/record.csv') {
      response.setHeader('content-type', 'text/csv; charset=utf-8');
      response.setHeader('content-disposition', 'attachment; filename="gatehouse-record.csv"');
      response.end('id,time,actorKind,actor,what,subject,text,outcome,reasonCode,latencyMs\r\n');
    } else if (request.method === 'POST' && request.url?.startsWith('/backups/')) {
      const name = request.url.slice('/backups/'.length);
      response.setHeader('content-type', 'application/octet-stream');
      response.setHeader('content-disposition', `attachment; filename="${name}"`);
      response.end('age-encryption.org/v1\n…');
    } else if (request.method === 'POST' && request.url === '/restore')
      void restored(world, request, response);
    else if (!api.answer(request, response)) void file(request, response);
  });
  server.on('connection', (socket) => {
    alive.add(socket);
    socket.on('close', () => alive.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    if (away || !api.upgrade(request, socket, head)) socket.destroy();
  });
  const cut = () => alive.forEach((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goAway() {
      away = true;
      cut();
    },
    comeBack: () => (away = false),
    drop: api.drop,
    stop() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A backup is whole when it begins as one does. */
async function restored(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const refuse = (status: number, why: string) => {
    response.statusCode = status;
    response.end(`${why}\n`);
  };
  if (request.headers['gatehouse-claim-code'] !== world.claimCode) {
    refuse(403, 'The claim code is wrong or has expired; gatehouse claim-code shows another.');
  } else if (!body.startsWith('age-encryption.org/v1')) refuse(400, 'this is not a backup of gatehouse');
  else if (!request.headers['gatehouse-recovery-key'])
    refuse(400, 'give the recovery key from the recovery sheet');
  else {
    world.claimed = true;
    response.end('restored\n');
  }
}

/** A file of the build; index.html for every path that is none. */
async function file(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
  const wanted = extname(path) ? path : '/index.html';
  try {
    const body = await readFile(join(DIST, wanted));
    response.setHeader('content-type', TYPES[extname(wanted)] ?? 'application/octet-stream');
    response.setHeader(
      'content-security-policy',
      "default-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    );
    response.setHeader('referrer-policy', 'same-origin');
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end();
  }
}
