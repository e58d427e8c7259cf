import { beforeEach, describe, expect, test } from "vitest";
import type { EnterJob, Frame } from "@/wire/types";
import { GameSocket, HANDSHAKE_MS, PING_MS, SILENT_DROP_MS, SILENT_MS, WAITING_COMMANDS_MAX, type CommandFate } from "./GameSocket";
import type { Link } from "./link";

const JOB: EnterJob = {
  player_id: 7,
  ws_uri: "ws://one/",
  world: { id: 50, context_id: 5, name: "Test", labels: { attacks: {}, effects: {} }, is_classless: false },
  player_config: { room_brief: false, combat_brief: false, display_chat: true },
};

class FakeSocket {
  sent: Record<string, unknown>[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly uri: string) {}
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  say(type: string, data: unknown = {}, more: object = {}) {
    this.onmessage?.({ data: JSON.stringify({ type, text: "", data, ...more }) });
  }
  drop(code = 1006) {
    this.onclose?.({ code });
  }
  get commands() {
    return this.sent.filter((frame) => String(frame.type).startsWith("cmd.")).map((frame) => frame.text);
  }
}

/** A browser in which time passes only when it is told to. */
class World {
  sockets: FakeSocket[] = [];
  links: Link[] = [];
  frames: { frame: Frame; missed: boolean }[] = [];
  fates: [number, CommandFate][] = [];
  timers: { at: number; run: () => void }[] = [];
  time = 1_000_000;
  reentries = 0;
  reentry: () => Promise<EnterJob> = () => Promise.resolve(JOB);
  socket: GameSocket;

  constructor() {
    this.socket = new GameSocket(
      {
        token: () => "T",
        reenter: () => {
          this.reentries += 1;
          return this.reentry();
        },
        onFrame: (frame, missed) => this.frames.push({ frame, missed }),
        onLink: (link) => this.links.push(link),
        onJob: () => undefined,
        onFate: (numbers, fate) => numbers.forEach((n) => this.fates.push([n, fate])),
      },
      {
        now: () => this.time,
        random: () => 0.5,
        after: (ms, run) => {
          const timer = { at: this.time + ms, run };
          this.timers.push(timer);
          return timer;
        },
        cancel: (handle) => {
          this.timers = this.timers.filter((timer) => timer !== handle);
        },
        open: (uri) => {
          const socket = new FakeSocket(uri);
          this.sockets.push(socket);
          return socket as unknown as WebSocket;
        },
      },
    );
  }

  get link() {
    return this.links[this.links.length - 1] as Link;
  }

  get last() {
    return this.sockets[this.sockets.length - 1] as FakeSocket;
  }

  async pass(ms: number) {
    const end = this.time + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.time = Math.max(this.time, due.at);
      due.run();
      await settled();
    }
    this.time = end;
    await settled();
  }

  async enter(welcome: object = {}) {
    this.socket.enter(JOB);
    await settled();
    this.last.onopen?.();
    this.last.say("system.connect.success", welcome);
    this.last.say("cmd.state.sync.success", {}, { seq: 10 });
  }
}

async function settled() {
  for (let i = 0; i < 8; i += 1) await Promise.resolve();
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe("entering", () => {
  test("greets with token and character, and is live with the snapshot", async () => {
    world.socket.enter(JOB);
    await settled();
    expect(world.last.uri).toBe("ws://one/");
    world.last.onopen?.();
    expect(world.last.sent[0]).toEqual({ type: "system.connect", token: "T", data: { player_key: "player.7" } });
    world.last.say("system.connect.success");
    expect(world.link.state).toBe("connecting");
    world.last.say("cmd.state.sync.success");
    expect(world.link.state).toBe("live");
  });

  test("a welcome that carries the room is a snapshot", async () => {
    world.socket.enter(JOB);
    await settled();
    world.last.onopen?.();
    world.last.say("system.connect.success", { room: { key: "room.1" } });
    expect(world.link.state).toBe("live");
  });

  test("a refusal is told with its reason", async () => {
    world.socket.enter(JOB);
    await settled();
    world.last.onopen?.();
    world.last.onmessage?.({ data: '{"type":"system.connect.error","text":"Not yours."}' });
    expect(world.link).toMatchObject({ state: "offline", reason: "Not yours." });
  });

  test("a server that says nothing is given up", async () => {
    world.socket.enter(JOB);
    await settled();
    world.last.onopen?.();
    await world.pass(HANDSHAKE_MS);
    expect(world.link.state).toBe("offline");
    expect(world.sockets[0]?.closed).toBe(true);
  });
});

describe("commands", () => {
  test("are numbered and carry token, text and data", async () => {
    await world.enter();
    expect(world.socket.command("look")).toBe(1);
    world.socket.command("get rope", "cmd.get", { item: { key: "item.1" } });
    expect(world.last.sent.slice(1)).toEqual([
      { type: "cmd.text", text: "look", token: "T", n: 1 },
      { type: "cmd.get", text: "get rope", token: "T", n: 2, data: { item: { key: "item.1" } } },
    ]);
  });

  test("typed while offline wait, and go out in their order after the snapshot", async () => {
    await world.enter();
    world.last.drop();
    world.socket.command("north");
    world.socket.command("look");
    expect(world.fates).toEqual([[1, "waiting"], [2, "waiting"]]);
    await world.pass(1_000);
    world.last.onopen?.();
    world.last.say("system.connect.success");
    expect(world.last.commands).toEqual([]);
    world.last.say("cmd.state.sync.success");
    expect(world.last.commands).toEqual(["north", "look"]);
    expect(world.fates.slice(2)).toEqual([[1, "sent"], [2, "sent"]]);
  });

  test("are refused once too many wait", async () => {
    await world.enter();
    world.last.drop();
    for (let i = 0; i < WAITING_COMMANDS_MAX; i += 1) expect(world.socket.command("look")).not.toBeNull();
    expect(world.socket.command("look")).toBeNull();
  });

  test("without an answer are called so after a fresh start, and not sent again", async () => {
    await world.enter();
    world.socket.command("north");
    world.last.drop();
    await world.pass(1_000);
    world.last.onopen?.();
    world.last.say("system.connect.success");
    world.last.say("cmd.state.sync.success");
    expect(world.fates).toContainEqual([1, "unanswered"]);
    expect(world.last.commands).toEqual([]);
  });
});

describe("after a drop", () => {
  test("asks the Forge again and connects to where it says", async () => {
    world.reentry = () => Promise.resolve({ ...JOB, ws_uri: "ws://two/" });
    await world.enter();
    world.last.drop();
    expect(world.link).toMatchObject({ state: "offline", reason: "The connection was lost." });
    await world.pass(1_000);
    expect(world.reentries).toBe(1);
    expect(world.last.uri).toBe("ws://two/");
  });

  test("goes on trying while the Forge refuses, and says why", async () => {
    world.reentry = () => Promise.reject(new Error("The world is being repaired."));
    await world.enter();
    world.last.drop();
    await world.pass(10_000);
    expect(world.reentries).toBeGreaterThan(2);
    expect(world.link).toMatchObject({ state: "offline", reason: "The world is being repaired." });
    world.reentry = () => Promise.resolve(JOB);
    world.socket.retryNow();
    await settled();
    expect(world.sockets.length).toBe(2);
  });

  test("with a token resumes without the Forge: nothing twice, what was missed is marked, what had no answer goes out again", async () => {
    await world.enter({ resume: "R" });
    world.socket.command("north");
    world.last.say("cmd.move.success", {}, { seq: 11 });
    world.socket.command("south");
    world.last.drop();
    world.socket.command("look");
    await world.pass(1_000);
    world.last.onopen?.();
    expect(world.reentries).toBe(0);
    expect(world.last.sent[0]).toMatchObject({ data: { player_key: "player.7", resume: "R", last_seq: 11 } });
    world.frames = [];
    world.last.say("system.connect.success", { resume: "R" }, { seq: undefined });
    expect(world.link.state).toBe("live");
    expect(world.last.sent.slice(1)).toMatchObject([{ text: "south", n: 2 }, { text: "look", n: 3 }]);
    world.last.say("notification.cmd.say.success", {}, { seq: 11 });
    world.last.say("notification.cmd.say.success", {}, { seq: 12 });
    expect(world.frames.map(({ frame }) => frame.seq)).toEqual([undefined, 12]);
  });

  test("frames up to the number that the welcome names count as missed", async () => {
    await world.enter({ resume: "R" });
    world.last.drop();
    await world.pass(1_000);
    world.last.onopen?.();
    world.frames = [];
    world.last.onmessage?.({ data: '{"type":"system.connect.success","data":{"seq":12,"last_n":0}}' });
    for (const seq of [11, 12, 13]) world.last.say("room_write", {}, { seq });
    expect(world.frames.slice(1).map(({ missed }) => missed)).toEqual([true, true, false]);
  });

  test("commands that the server has applied are not sent again", async () => {
    await world.enter({ resume: "R" });
    world.socket.command("north");
    world.socket.command("east");
    world.last.drop();
    await world.pass(1_000);
    world.last.onopen?.();
    world.last.say("system.connect.success", { last_n: 1 });
    expect(world.last.commands).toEqual(["east"]);
  });

  test("a refused token leads over the Forge", async () => {
    await world.enter({ resume: "R" });
    world.last.drop();
    await world.pass(1_000);
    world.last.onopen?.();
    world.last.say("system.connect.error");
    await world.pass(5_000);
    expect(world.reentries).toBe(1);
    world.last.onopen?.();
    expect(world.last.sent[0]).not.toHaveProperty("data.resume");
  });

  test("a snapshot in place of a resume starts the numbers anew", async () => {
    await world.enter({ resume: "R" });
    world.last.drop();
    await world.pass(1_000);
    world.last.onopen?.();
    world.last.say("system.connect.success", { resume: "R2" });
    world.frames = [];
    world.last.say("cmd.state.sync.success", {}, { seq: 1 });
    world.last.say("room_write", {}, { seq: 2 });
    expect(world.frames.map(({ frame }) => frame.seq)).toEqual([1, 2]);
  });

  test("another window that took the character is not fought", async () => {
    await world.enter();
    world.last.drop(4000);
    expect(world.link.state).toBe("stopped");
    await world.pass(60_000);
    expect(world.sockets.length).toBe(1);
    world.socket.retryNow();
    await settled();
    expect(world.sockets.length).toBe(2);
  });

  test("connections that die at once again and again are not made for ever", async () => {
    await world.enter();
    for (let i = 0; i < 3; i += 1) {
      world.last.drop();
      await world.pass(20_000);
      world.last.onopen?.();
      world.last.say("system.connect.success");
      world.last.say("cmd.state.sync.success");
    }
    world.last.drop();
    expect(world.link.state).toBe("stopped");
  });
});

describe("silence", () => {
  test("after a command is shown, ends with any frame, and ends the connection when it lasts", async () => {
    await world.enter();
    world.socket.command("look");
    await world.pass(SILENT_MS);
    expect(world.link.state).toBe("silent");
    world.last.say("notification.regen");
    expect(world.link.state).toBe("live");
    await world.pass(SILENT_DROP_MS + SILENT_MS);
    expect(world.link.state).not.toBe("live");
    expect(world.sockets[0]?.closed).toBe(true);
  });

  test("without a command means nothing, where the server knows no pings", async () => {
    await world.enter();
    await world.pass(600_000);
    expect(world.link.state).toBe("live");
    expect(world.last.sent).toHaveLength(1);
  });

  test("is broken by a ping where the server knows them, and an answered one keeps the connection", async () => {
    await world.enter({ resumed: false });
    const pings = () => world.last.sent.filter((frame) => frame.type === "system.ping").length;
    for (let i = 1; i <= 5; i += 1) {
      await world.pass(PING_MS);
      expect(pings()).toBe(i);
      world.last.say("system.pong");
    }
    expect(world.link.state).toBe("live");
    expect(world.frames.some(({ frame }) => frame.type === "system.pong")).toBe(false);
    await world.pass(PING_MS + SILENT_MS);
    expect(world.link.state).toBe("silent");
    await world.pass(SILENT_DROP_MS);
    expect(world.sockets[0]?.closed).toBe(true);
  });
});

describe("leaving", () => {
  test("asks the server, and ends when it agrees", async () => {
    await world.enter();
    expect(world.socket.quit()).toBe(true);
    expect(world.last.sent[1]).toEqual({ type: "system.disconnect", token: "T" });
    world.last.say("system.disconnect.success", { exit_to: 5 });
    expect(world.frames[world.frames.length - 1]?.frame.data.exit_to).toBe(5);
    expect(world.link.state).toBe("idle");
    await world.pass(60_000);
    expect(world.sockets.length).toBe(1);
  });

  test("cannot be asked while offline", async () => {
    await world.enter();
    world.last.drop();
    expect(world.socket.quit()).toBe(false);
  });

  test("what an old socket still says is not heard", async () => {
    await world.enter();
    const old = world.last;
    await world.enter();
    world.frames = [];
    old.say("room_write");
    expect(world.frames).toEqual([]);
    expect(old.closed).toBe(true);
  });
});

test("what is not a frame is passed over", async () => {
  await world.enter();
  const before = world.frames.length;
  world.last.onmessage?.({ data: "{" });
  world.last.onmessage?.({ data: "[1]" });
  expect(world.frames.length).toBe(before);
  expect(world.link.state).toBe("live");
});
