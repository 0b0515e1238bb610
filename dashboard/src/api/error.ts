/**
 * The codes of the gateway's `extensions.code`, and two of our own: UNREACHABLE (no answer came, so whether
 * the request arrived is not known) and INTERNAL (an answer we cannot read).
 */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_INPUT'
  | 'BUSY'
  | 'CONFLICT'
  | 'TOO_COMPLEX'
  | 'RATE_LIMITED'
  | 'GATEWAY_UNCLAIMED'
  | 'UNREACHABLE'
  | 'INTERNAL';

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_INPUT',
  'BUSY',
  'CONFLICT',
  'TOO_COMPLEX',
  'RATE_LIMITED',
  'GATEWAY_UNCLAIMED',
  'UNREACHABLE',
  'INTERNAL',
]);

/** A request the gateway refused or never answered. `message` is written for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** With BAD_INPUT: the input field that is at fault. */
    readonly field: string | null = null,
    /** With RATE_LIMITED: milliseconds until another attempt is heard. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** One entry of a GraphQL answer's `errors`. */
export interface WireError {
  message?: string;
  extensions?: Record<string, unknown>;
}

/** Codes the dashboard does not know become INTERNAL: their message is still shown. */
export function fromWire(error: WireError | undefined): ApiError {
  const { code, field, retryAfterMs } = error?.extensions ?? {};
  return new ApiError(
    typeof code === 'string' && CODES.has(code) ? (code as ErrorCode) : 'INTERNAL',
    error?.message ?? 'The gateway gave an answer that could not be read.',
    typeof field === 'string' ? field : null,
    typeof retryAfterMs === 'number' ? retryAfterMs : null,
  );
}
