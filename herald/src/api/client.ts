/**
 * The one place that speaks REST with the Forge: bearer token, JSON both ways, errors as ApiError, and one
 * silent refresh of an ended access token. It knows tokens only through the keeper that the auth module sets.
 */
import { ApiError, readError } from "./errors";
import type { Tokens } from "./types";

const BASE = "/api/v1/";

/** Longest wait for an answer, in milliseconds. */
const ANSWER_MS_MAX = 20_000;

export interface TokenKeeper {
  access(): string;
  refresh(): string;
  /** Takes new tokens after a refresh. */
  keep(tokens: Tokens): void;
  /** The session cannot be continued. */
  ended(): void;
}

interface Options {
  headers?: Record<string, string>;
  /** Sends no token, and leaves the session alone whatever the answer is. */
  anonymous?: boolean;
}

let keeper: TokenKeeper = { access: () => "", refresh: () => "", keep: () => {}, ended: () => {} };
let refreshing: Promise<boolean> | null = null;

export function setTokenKeeper(next: TokenKeeper): void {
  keeper = next;
}

export const api = {
  get: <T>(path: string, options?: Options) => call<T>("GET", path, undefined, options),
  post: <T>(path: string, body: unknown = {}, options?: Options) => call<T>("POST", path, body, options),
  put: <T>(path: string, body: unknown = {}, options?: Options) => call<T>("PUT", path, body, options),
  patch: <T>(path: string, body: unknown = {}, options?: Options) => call<T>("PATCH", path, body, options),
  delete: <T>(path: string, options?: Options) => call<T>("DELETE", path, undefined, options),
};

/**
 * Gets an access token other than the `stale` one. A refresh token works once, so the callers of one tab
 * share a request, and tabs take turns: who comes second finds the new token of the first.
 */
export function refreshAccess(stale = keeper.access()): Promise<boolean> {
  refreshing ??= inTurn(async () => {
    const current = keeper.access();
    return current !== stale ? current !== "" : askForAccess();
  }).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function inTurn(work: () => Promise<boolean>): Promise<boolean> {
  // Browsers offer locks on secure origins only; without them one tab still shares its request.
  if (!navigator.locks) return work();
  return navigator.locks.request("herald.refresh", async () => work());
}

async function call<T>(method: string, path: string, body: unknown, options: Options = {}): Promise<T> {
  const token = options.anonymous ? "" : keeper.access();
  let response = await send(method, path, body, token, options.headers);
  if (response.status === 401 && token) {
    if (await refreshAccess(token)) response = await send(method, path, body, keeper.access(), options.headers);
    if (response.status === 401) keeper.ended();
  }
  const answer = await readBody(response);
  if (!response.ok) throw readError(response.status, answer);
  return answer as T;
}

async function askForAccess(): Promise<boolean> {
  const refresh = keeper.refresh();
  if (!refresh) return false;
  const response = await send("POST", "auth/refresh/", { refresh }, "");
  if (!response.ok) {
    // A refusal ends the session; a stumbling server does not.
    if (response.status >= 500 || response.status === 429) throw readError(response.status, await readBody(response));
    return false;
  }
  const tokens = (await readBody(response)) as Tokens | null;
  if (!tokens?.access && !tokens?.token) return false;
  keeper.keep(tokens);
  return true;
}

async function send(
  method: string, path: string, body: unknown, token: string, headers: Record<string, string> = {},
): Promise<Response> {
  const all: Record<string, string> = { accept: "application/json", ...headers };
  if (token) all.authorization = `Bearer ${token}`;
  if (body !== undefined) all["content-type"] = "application/json";
  try {
    return await fetch(BASE + path.replace(/^\//, ""), {
      method,
      headers: all,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
  } catch {
    throw readError(0, null);
  }
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text().catch(() => "");
  if (!text) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (response.ok) throw new ApiError(response.status, "The platform gave an answer that Herald cannot read.");
    return null;
  }
}
