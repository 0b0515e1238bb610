import { print } from '@0no-co/graphql.web';
import { ApiError, fromWire, type WireError } from './error';
import type { TadaDocumentNode } from './graphql';

/** Longer than the longest a command may stay open at the gateway's default of 5 s. */
const ANSWER_WITHIN_MS = 12_000;

/** Longer than `rotateCredential` waits for a board, which is 15 s. */
export const BOARD_ANSWERS_WITHIN_MS = 22_000;

/**
 * POSTs one query or mutation to the gateway, with the session's cookie.
 * @throws ApiError, and nothing else
 */
export async function request<Result, Variables>(
  document: TadaDocumentNode<Result, Variables>,
  variables: Variables,
  withinMs = ANSWER_WITHIN_MS,
): Promise<Result> {
  let response: Response;
  let answer: { data?: Result | null; errors?: WireError[] };
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: print(document), variables }),
      signal: AbortSignal.timeout(withinMs),
    });
  } catch {
    throw new ApiError('UNREACHABLE', 'The gateway cannot be reached.');
  }
  try {
    answer = await response.json();
  } catch {
    throw new ApiError(
      response.status >= 500 ? 'UNREACHABLE' : 'INTERNAL',
      `The gateway gave an answer that could not be read (HTTP ${response.status}).`,
    );
  }
  if (answer.errors?.length) throw fromWire(answer.errors[0]);
  if (!answer.data) throw fromWire(undefined);
  return answer.data;
}
