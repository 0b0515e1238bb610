import { print } from '@0no-co/graphql.web';
import { createClient, type Client } from 'graphql-ws/client';
import type { TadaDocumentNode } from './graphql';

const KEEP_ALIVE_MS = 8_000;
const PONG_WITHIN_MS = 4_000;
const LONGEST_WAIT_MS = 8_000;
const UNAUTHENTICATED = 4401;
const REVOKED = 4403;

export interface SocketEvents {
  /** The gateway listens: every subscription now starts again from current states. */
  connected(): void;
  /** The connection is gone and is being tried again, for ever. */
  disconnected(): void;
  /** The session is no longer good (close code 4401 or 4403): nothing more is tried. */
  expired(): void;
}

export interface Socket {
  subscribe<Result>(
    document: TadaDocumentNode<Result, Record<string, never>>,
    next: (result: Result) => void,
  ): void;
  close(): void;
}

/** One kept WebSocket to the gateway; it heals itself until `close` or the end of the session. */
export function openSocket(events: SocketEvents): Socket {
  let stopped = false;
  let pongDue: ReturnType<typeof setTimeout> | undefined;

  const client: Client = createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => !stopped,
    retryWait: (retries) => wait(backoffMs(retries)),
    keepAlive: KEEP_ALIVE_MS,
    connectionAckWaitTimeout: PONG_WITHIN_MS,
    on: {
      connected: () => events.connected(),
      // Wi-Fi that vanishes closes nothing: only the missing pong tells.
      ping: (received) => {
        if (!received) pongDue = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pongDue);
      },
      closed: (event) => {
        clearTimeout(pongDue);
        if (stopped) return;
        const { code } = event as { code?: number };
        if (code === UNAUTHENTICATED || code === REVOKED) {
          stopped = true;
          events.expired();
        } else {
          events.disconnected();
        }
      },
    },
  });

  function subscribe<Result>(
    document: TadaDocumentNode<Result, Record<string, never>>,
    next: (result: Result) => void,
  ): void {
    // The client gives up on some close codes (a gateway that stops badly): begin again after a pause.
    const again = () => {
      if (!stopped) void wait(LONGEST_WAIT_MS / 2).then(() => !stopped && subscribe(document, next));
    };
    client.subscribe<Result>(
      { query: print(document) },
      { next: ({ data }) => data && next(data), error: again, complete: again },
    );
  }

  return {
    subscribe,
    close() {
      stopped = true;
      clearTimeout(pongDue);
      void client.dispose();
    },
  };
}

/** Half a second, doubling to eight, each between half and all of it so that screens do not return in step. */
function backoffMs(retries: number): number {
  return Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(retries, 10)) * (0.5 + Math.random() / 2);
}

/** Waits, but no longer than until the network or the person comes back. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      document.removeEventListener('visibilitychange', seen);
      resolve();
    };
    const seen = () => document.visibilityState === 'visible' && done();
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    document.addEventListener('visibilitychange', seen);
  });
}
