import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api, setTokenKeeper } from "./client";
import { ApiError, readError } from "./errors";
import { fakeForge } from "./fake";

const held = { access: "", refresh: "", ended: 0 };

beforeEach(() => {
  Object.assign(held, { access: "old", refresh: "r1", ended: 0 });
  setTokenKeeper({
    access: () => held.access,
    refresh: () => held.refresh,
    keep: (tokens) => {
      held.access = tokens.access ?? tokens.token ?? "";
      if (tokens.refresh) held.refresh = tokens.refresh;
    },
    ended: () => held.ended++,
  });
});

afterEach(() => vi.unstubAllGlobals());

test("an ended access token is refreshed once and the call repeated", async () => {
  const calls = fakeForge(({ path, token, body }) => {
    if (path === "auth/refresh/") {
      expect(body).toEqual({ refresh: "r1" });
      return [200, { access: "new", refresh: "r2" }];
    }
    return token === "new" ? [200, { name: "ada" }] : [401, { detail: "expired" }];
  });
  expect(await api.get("user/")).toEqual({ name: "ada" });
  expect(calls.map((c) => c.path)).toEqual(["user/", "auth/refresh/", "user/"]);
  expect(held).toMatchObject({ access: "new", refresh: "r2", ended: 0 });
});

test("a refresh token that is not rotated stays", async () => {
  fakeForge(({ path, token }) => (path === "auth/refresh/" ? [200, { access: "new" }] : token === "new" ? [200, {}] : [401]));
  await api.get("user/");
  expect(held.refresh).toBe("r1");
});

test("calls that fail together share one refresh", async () => {
  const calls = fakeForge(({ path, token }) =>
    path === "auth/refresh/" ? [200, { access: "new" }] : token === "new" ? [200, path] : [401]);
  expect(await Promise.all([api.get("a/"), api.get("b/"), api.get("c/")])).toEqual(["a/", "b/", "c/"]);
  expect(calls.filter((c) => c.path === "auth/refresh/")).toHaveLength(1);
});

test("a token that another tab has refreshed meanwhile is used without asking", async () => {
  const calls = fakeForge(({ token }) => {
    if (token === "theirs") return [200, {}];
    held.access = "theirs";
    return [401];
  });
  await api.get("user/");
  expect(calls.map((c) => c.path)).toEqual(["user/", "user/"]);
});

test("a refused refresh ends the session", async () => {
  fakeForge(() => [401, { detail: "no" }]);
  await expect(api.get("user/")).rejects.toMatchObject({ status: 401 });
  expect(held.ended).toBe(1);
});

test("a stumbling platform does not end the session", async () => {
  fakeForge(({ path }) => (path === "auth/refresh/" ? [503, { detail: "Catching its breath." }] : [401]));
  await expect(api.get("user/")).rejects.toThrow("Catching its breath.");
  expect(held.ended).toBe(0);
});

test("an anonymous call sends no token and leaves the session alone", async () => {
  const calls = fakeForge(() => [401, { detail: "no" }]);
  await expect(api.post("auth/login/", {}, { anonymous: true })).rejects.toMatchObject({ status: 401 });
  expect(calls[0]!.token).toBe("");
  expect(calls).toHaveLength(1);
  expect(held.ended).toBe(0);
});

test("a missing network is an error with words", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  await expect(api.get("lobby/")).rejects.toThrow("does not answer");
});

test("a deletion answers nothing", async () => {
  fakeForge(() => [204]);
  expect(await api.delete("lobby/worlds/1/chars/2/")).toBeNull();
});

test.each<[string, number, unknown, string, Record<string, string>]>([
  ["by field", 400, { name: ["Names have letters only."] }, "Names have letters only.", { name: "Names have letters only." }],
  ["for the whole form", 400, { non_field_errors: ["You have too many."] }, "You have too many.", {}],
  ["as a list", 400, ["The gate is shut."], "The gate is shut.", {}],
  ["as detail", 403, { detail: "Not yours." }, "Not yours.", {}],
  ["as nothing at all", 500, null, "The platform stumbled over that. Nothing you did is lost; try again in a moment.", {}],
  ["as a page that is not JSON", 502, "<html>", "The platform stumbled over that. Nothing you did is lost; try again in a moment.", {}],
])("errors are read %s", (_how, status, body, message, fields) => {
  const error = readError(status, body);
  expect(error).toBeInstanceOf(ApiError);
  expect(error.message).toBe(message);
  expect(error.fields).toEqual(fields);
});
