import type { SetResult } from '../api/switches';
import { reasonText } from './card';
import { messageFor } from './messages';
import { duration } from './time';

/** What became of one apply over several switches. */
export interface Summary {
  readonly confirmed: number;
  readonly total: number;
  /** Milliseconds until the slowest of the confirmed ones; null when none was. */
  readonly slowestMs: number | null;
  /** Those not confirmed, and why. */
  readonly rest: readonly { readonly name: string; readonly why: string }[];
}

export function summarise(results: readonly SetResult[], nameOf: (switchId: string) => string): Summary {
  const good = results.filter((one) => one.command?.outcome === 'CONFIRMED');
  const latencies = good.flatMap((one) => one.command?.latencyMs ?? []);
  return {
    confirmed: good.length,
    total: results.length,
    slowestMs: latencies.length ? Math.max(...latencies) : null,
    rest: results
      .filter((one) => !good.includes(one))
      .map((one) => ({ name: nameOf(one.switchId), why: whyNot(one) })),
  };
}

/** "5 of 6 confirmed", with how long the slowest took when all went well. */
export function headline({ confirmed, total, slowestMs }: Summary): string {
  const took = confirmed === total && slowestMs !== null ? ` in ${duration(slowestMs)}` : '';
  return `${confirmed} of ${total} confirmed${took}`;
}

function whyNot({ command, code }: SetResult): string {
  if (!command) return messageFor({ code: code ?? 'INTERNAL', message: '', retryAfterMs: null });
  switch (command.outcome) {
    case 'REFUSED':
      return `refused: ${reasonText(command)}`;
    case 'OFFLINE':
      return `offline: ${reasonText(command)}`;
    case 'TIMED_OUT':
      return 'unknown: no answer from the board';
    case 'SUPERSEDED':
      return 'superseded by a newer request';
    default:
      return reasonText(command);
  }
}
