import { ApiError, type ErrorCode } from './error';

/** As long as the gateway waits for a backup. */
const WITHIN_MS = 30 * 60_000;

const CODES: Record<number, ErrorCode> = { 409: 'CONFLICT', 429: 'RATE_LIMITED', 503: 'BUSY' };

/**
 * Brings a backup to a gateway that nobody owns. When it is whole, the gateway starts anew with it.
 * @throws ApiError, and nothing else
 */
export async function restore(code: string, key: string, backup: Blob): Promise<void> {
  let response: Response;
  let told: string;
  try {
    response = await fetch('/restore', {
      method: 'POST',
      credentials: 'same-origin',
      headers: {
        'gatehouse-claim-code': code,
        // Headers hold no line ends; blanks do not count.
        'gatehouse-recovery-key': key.replaceAll(/\s/g, ''),
      },
      body: backup,
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    told = (await response.text()).trim();
  } catch {
    throw new ApiError('UNREACHABLE', 'The gateway cannot be reached.');
  }
  if (response.ok) return;
  throw new ApiError(CODES[response.status] ?? 'BAD_INPUT', told, response.status === 403 ? 'code' : null);
}
