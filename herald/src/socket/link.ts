// What is known of the connection, and how long to wait before trying again.

/** The state of the connection, as the indicator shows it. Times are milliseconds of the clock that the socket was given. */
export type Link =
  | { state: "idle" }
  | { state: "connecting"; attempt: number }
  | { state: "live" }
  /** A command has had no answer and nothing else was heard since. */
  | { state: "silent"; since: number }
  | { state: "offline"; retryAt: number; attempt: number; reason: string }
  /** The socket does not try again by itself. */
  | { state: "stopped"; reason: string };

export const BACKOFF_FIRST_MS = 400;
export const BACKOFF_MAX_MS = 20_000;

/**
 * How long to wait before attempt number `attempt` (from 1): doubles up to the limit, and is drawn from the upper half of
 * that span, so that the players of a restarted server do not all come back in one moment. `random` is in [0, 1).
 */
export function backoff(attempt: number, random: number): number {
  const span = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.round(span * (0.5 + random / 2));
}

/** Why a socket was closed for good, by the code of its close frame; null when trying again makes sense. */
export function finalReason(code: number): string | null {
  switch (code) {
    case 4401:
      return "Your login is no longer valid here. Log in again to come back.";
    case 4403:
      return "The world has closed its door to you.";
    case 4000:
      return "This character is now played from another window.";
    default:
      return null;
  }
}
