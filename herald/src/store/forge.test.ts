import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeSocket, settled } from "@/api/fake";
import { testStore } from "./fixtures";
import { lastPlaying } from "./forge";

const ENTER = { player: 3, name: "Ada", world: 1100 };

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  FakeSocket.all = [];
  vi.stubGlobal("WebSocket", Object.assign(FakeSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 }));
});
afterEach(() => vi.unstubAllGlobals());

async function answer(frame: Record<string, unknown>): Promise<void> {
  await settled();
  FakeSocket.last.greet();
  await settled();
  FakeSocket.last.say({ type: "job_complete", job: "enter_world", ...frame });
  await settled();
}

test("entering asks the Forge, then hands its answer to the game", async () => {
  const got: unknown[] = [];
  const { store } = testStore((data) => got.push(data));
  const entering = store.dispatch("forge/enter", ENTER);
  expect(store.state.forge.entering).toMatchObject({ stage: "asking", name: "Ada" });
  await answer({ status: "success", job_data: { player_id: 3, ws_uri: "ws://here" } });
  await entering;
  expect(FakeSocket.last.sent).toEqual([{ type: "job", job: "enter_world", player_id: 3, world_id: 1100 }]);
  expect(got).toEqual([{ player_id: 3, ws_uri: "ws://here" }]);
  expect(store.state.forge.entering?.stage).toBe("opening");
  await store.dispatch("forge/entered");
  expect(store.state.forge).toEqual({ entering: null, playing: ENTER });
  expect(lastPlaying()).toEqual(ENTER);
});

test("a refusal stays on the screen with the Forge's words", async () => {
  const { store } = testStore();
  void store.dispatch("forge/enter", ENTER);
  await answer({ status: "error", job_data: { error: "World is disabled." } });
  expect(store.state.forge.entering).toMatchObject({ stage: "refused", error: "World is disabled." });
  expect(store.state.forge.playing).toBeNull();
});

test("a game that does not open is a refusal too", async () => {
  const { store } = testStore(() => {
    throw new Error("The world does not answer.");
  });
  void store.dispatch("forge/enter", ENTER);
  await answer({ status: "success", job_data: {} });
  expect(store.state.forge.entering).toMatchObject({ stage: "refused", error: "The world does not answer." });
});

test("an answer lost on the way is asked for once more", async () => {
  const got: unknown[] = [];
  const { store } = testStore((data) => got.push(data));
  void store.dispatch("forge/enter", ENTER);
  await settled();
  FakeSocket.last.greet();
  await settled();
  FakeSocket.last.drop();
  await answer({ status: "success", job_data: { player_id: 3 } });
  expect(got).toEqual([{ player_id: 3 }]);
});

test("who gives up waiting is not drawn in afterwards", async () => {
  const got: unknown[] = [];
  const { store } = testStore((data) => got.push(data));
  void store.dispatch("forge/enter", ENTER);
  await settled();
  await store.dispatch("forge/cancel");
  await answer({ status: "success", job_data: { player_id: 3 } });
  expect(got).toEqual([]);
  expect(store.state.forge.entering).toBeNull();
});

test("giving up while the world opens tells the game", async () => {
  const { store, exited } = testStore();
  void store.dispatch("forge/enter", ENTER);
  await answer({ status: "success", job_data: {} });
  await store.dispatch("forge/cancel");
  expect(exited).toHaveBeenCalledWith({});
});

test("an exit that the Forge reports reaches the game", async () => {
  const { store, exited } = testStore();
  void store.dispatch("forge/enter", ENTER);
  await answer({ status: "success", job_data: {} });
  FakeSocket.last.say({ type: "job_complete", job: "exit_world", status: "success", job_data: { exit_to: 1000 } });
  await settled();
  expect(exited).toHaveBeenCalledWith({ exit_to: 1000 });
});

test("who has left does not come back by a reload", async () => {
  const { store } = testStore();
  store.commit("forge/playing", ENTER);
  expect(lastPlaying()).toEqual(ENTER);
  await store.dispatch("forge/left");
  expect(lastPlaying()).toBeNull();
});

test("what is stored and makes no sense is nobody", () => {
  sessionStorage.setItem("herald.playing", '{"player":"x"}');
  expect(lastPlaying()).toBeNull();
});
