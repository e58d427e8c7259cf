import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeSocket, settled } from "./fake";
import { ForgeSocket, HEARTBEAT_MS, JOB_MS_MAX, RETRY_MS_MAX, type JobData } from "./forge";

let token = "t1";
let renewed = 0;
let renewal: () => Promise<boolean>;
let left: JobData[] = [];

function newSocket(): ForgeSocket {
  return new ForgeSocket({
    url: "ws://here/ws/forge/",
    token: () => token,
    renew: () => renewal(),
    exited: (data) => left.push(data),
    connect: (url) => new FakeSocket(url) as unknown as WebSocket,
    random: () => 1,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  token = "t1";
  renewed = 0;
  left = [];
  renewal = async () => {
    renewed++;
    token = "t2";
    return true;
  };
});

afterEach(() => vi.useRealTimers());

async function opened(): Promise<ForgeSocket> {
  const forge = newSocket();
  const job = forge.job("hello");
  FakeSocket.last.greet();
  await settled();
  FakeSocket.last.say({ type: "job_complete", job: "hello", status: "success", job_data: {} });
  await job;
  return forge;
}

test("it opens with the first job and not before", async () => {
  const forge = newSocket();
  expect(FakeSocket.all).toHaveLength(0);
  const entered = forge.job("enter_world", { player_id: 3, world_id: "low-water" });
  expect(FakeSocket.last.url).toBe("ws://here/ws/forge/?token=t1");
  expect(FakeSocket.last.sent).toEqual([]);
  FakeSocket.last.greet();
  await settled();
  expect(FakeSocket.last.sent).toEqual([{ type: "job", job: "enter_world", player_id: 3, world_id: "low-water" }]);
  FakeSocket.last.say({ type: "job_queued", job: "enter_world" });
  FakeSocket.last.say({ type: "job_complete", job: "enter_world", status: "success", job_data: { player_id: 3 } });
  expect(await entered).toEqual({ player_id: 3 });
});

test("jobs started together share a socket", async () => {
  const forge = newSocket();
  void forge.job("a");
  void forge.job("b");
  FakeSocket.last.greet();
  await settled();
  expect(FakeSocket.all).toHaveLength(1);
  expect(FakeSocket.last.sent.map((frame) => frame.job)).toEqual(["a", "b"]);
});

test.each([
  [{ job_data: { error: "World is disabled." } }, "World is disabled."],
  [{ job_data: {}, error: "Not now." }, "Not now."],
  [{}, "The Forge refused without saying why."],
])("a refusal rejects with the Forge's text", async (rest, text) => {
  const forge = await opened();
  const job = forge.job("enter_world");
  const refused = expect(job).rejects.toMatchObject({ message: text, lost: false });
  await settled();
  FakeSocket.last.say({ type: "job_complete", job: "enter_world", status: "error", ...rest });
  await refused;
});

test("its heart beats while it is open", async () => {
  const forge = await opened();
  const socket = FakeSocket.last;
  socket.sent = [];
  vi.advanceTimersByTime(2 * HEARTBEAT_MS);
  expect(socket.sent).toEqual([{ type: "heartbeat" }, { type: "heartbeat" }]);
  forge.close();
  vi.advanceTimersByTime(2 * HEARTBEAT_MS);
  expect(socket.sent).toHaveLength(2);
});

test("a job that gets no answer is given up", async () => {
  const forge = await opened();
  const job = expect(forge.job("enter_world")).rejects.toMatchObject({ lost: true });
  await settled();
  vi.advanceTimersByTime(JOB_MS_MAX);
  await job;
});

test("a break rejects what waits, and the socket comes back by itself", async () => {
  const forge = await opened();
  const job = expect(forge.job("enter_world")).rejects.toMatchObject({ lost: true });
  await settled();
  FakeSocket.last.drop();
  await job;
  expect(FakeSocket.all).toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(FakeSocket.all).toHaveLength(2);
  FakeSocket.last.greet();
  expect(forge.open).toBe(true);
});

test("waits between attempts grow and have a ceiling", async () => {
  await opened();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    FakeSocket.last.drop();
    await settled();
    const before = FakeSocket.all.length;
    let waited = 0;
    while (FakeSocket.all.length === before) {
      vi.advanceTimersByTime(500);
      waited += 500;
      await settled();
    }
    waits.push(waited);
  }
  expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(Math.max(...waits)).toBe(RETRY_MS_MAX);
});

test("coming online tries at once", async () => {
  const forge = await opened();
  FakeSocket.last.drop();
  forge.wake();
  expect(FakeSocket.all).toHaveLength(2);
});

test("closed for good stays closed", async () => {
  const forge = await opened();
  forge.close();
  forge.wake();
  vi.advanceTimersByTime(10 * RETRY_MS_MAX);
  expect(FakeSocket.all).toHaveLength(1);
});

test("a refused token is renewed once, and the job goes on", async () => {
  const forge = newSocket();
  const job = forge.job("enter_world");
  FakeSocket.last.drop(4401);
  await settled();
  expect(renewed).toBe(1);
  expect(FakeSocket.last.url).toContain("token=t2");
  FakeSocket.last.greet();
  await settled();
  FakeSocket.last.say({ type: "job_complete", job: "enter_world", status: "success", job_data: { ok: 1 } });
  expect(await job).toEqual({ ok: 1 });
});

test("a renewed token that is refused as well ends it", async () => {
  const forge = newSocket();
  const job = expect(forge.job("enter_world")).rejects.toMatchObject({ lost: false });
  FakeSocket.last.drop(4401);
  await settled();
  FakeSocket.last.drop(4401);
  await job;
  vi.advanceTimersByTime(10 * RETRY_MS_MAX);
  expect(FakeSocket.all).toHaveLength(2);
});

test("an exit that nobody asked for is reported", async () => {
  await opened();
  FakeSocket.last.say({ type: "job_complete", job: "exit_world", status: "success", job_data: { player_id: 3, exit_to: 1000 } });
  expect(left).toEqual([{ player_id: 3, exit_to: 1000 }]);
});

test("frames that make no sense change nothing", async () => {
  const forge = await opened();
  for (const frame of ["", "null", "[]", "{", '{"type":7}', '{"type":"job_complete"}']) FakeSocket.last.say(frame);
  expect(forge.open).toBe(true);
  expect(left).toEqual([]);
});
