// Owns the protocol of the game socket: the handshake, commands and their numbers, silence, and coming back after a drop.
// It knows nothing of what the frames mean for the game; it hands them to its host in the order in which they came.
import { parseFrame } from "@/wire/parse";
import type { CommandData, CommandFrame, ConnectFrame, DisconnectFrame, EnterJob, Frame } from "@/wire/types";
import { backoff, finalReason, type Link } from "./link";

/** Opening the socket and the answer to `system.connect` may each take this long. */
export const HANDSHAKE_MS = 10_000;
/** A server that knows pings gets one after this long without a frame. */
export const PING_MS = 25_000;
/** After this long without any answer to a command or ping the connection is shown as silent. */
export const SILENT_MS = 5_000;
/** After this long it is given up and made anew. */
export const SILENT_DROP_MS = 20_000;
/** Commands kept while offline; more are refused, so that a long absence does not end in a flood. */
export const WAITING_COMMANDS_MAX = 50;
/** Sent commands of which an answer is still expected. */
const UNANSWERED_MAX = 50;
/** A command older than this, with other frames heard since, counts as answered. */
const UNANSWERED_AGE_MS = 10_000;
/** Connections that die within this time of becoming live ... */
const FLAP_MS = 4_000;
/** ... this many times in a row mean that someone else keeps taking the character. */
const FLAPS_MAX = 4;

export type CommandFate = "sent" | "waiting" | "unanswered";

export interface GameSocketHost {
  /** The access token of this moment. */
  token(): string | Promise<string>;
  /** Runs the Forge's `enter_world` job for the same character again. */
  reenter(): Promise<EnterJob>;
  /** `missed` marks frames of a resumed session that were sent while the connection was down. */
  onFrame(frame: Frame, missed: boolean): void;
  onLink(link: Link): void;
  /** A job that a re-entry brought: the address and the world's facts may have changed. */
  onJob(job: EnterJob): void;
  onFate(numbers: number[], fate: CommandFate): void;
}

/** The part of the browser that the socket uses. Tests bring their own. */
export interface Surroundings {
  now(): number;
  random(): number;
  after(ms: number, run: () => void): unknown;
  cancel(handle: unknown): void;
  open(uri: string): WebSocket;
}

const BROWSER: Surroundings = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, run) => setTimeout(run, ms),
  cancel: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  open: (uri) => new WebSocket(uri),
};

interface Command {
  n: number;
  type: CommandFrame["type"];
  text: string;
  data?: CommandData;
  sentAt: number;
}

export class GameSocket {
  private job: EnterJob | null = null;
  private socket: WebSocket | null = null;
  private link: Link = { state: "idle" };
  private attempt = 0;
  private flaps = 0;
  private liveAt = 0;
  private heardAt = 0;
  private nextNumber = 1;
  private waiting: Command[] = [];
  private unanswered: Command[] = [];
  private resume: string | null = null;
  private resuming = false;
  private lastSeq: number | null = null;
  /** Frames up to this number were missed while offline. */
  private missedUpTo = -1;
  private token = "";
  private retryTimer: unknown = null;
  private handshakeTimer: unknown = null;
  private silenceTimer: unknown = null;
  private pingTimer: unknown = null;
  /** Whether this server answers `system.ping`: one of ours does. */
  private pings = false;
  /** When a ping went out that has no answer yet. */
  private pingedAt: number | null = null;
  /** Changes with every new attempt: what an older one still brings is not for us. */
  private generation = 0;

  constructor(
    private readonly host: GameSocketHost,
    private readonly env: Surroundings = BROWSER,
  ) {}

  /** Begins a session with the result of a Forge job. An older session ends. */
  enter(job: EnterJob): void {
    this.close();
    this.job = job;
    this.attempt = 1;
    this.flaps = 0;
    void this.connect(false);
  }

  /** Sends a command, or keeps it while there is no connection. Returns its number, or null when too many are waiting. */
  command(text: string, type: CommandFrame["type"] = "cmd.text", data?: CommandData): number | null {
    const command: Command = { n: this.nextNumber, type, text, sentAt: 0 };
    if (data) command.data = data;
    if (this.isLive()) {
      this.nextNumber += 1;
      this.transmit(command);
      return command.n;
    }
    if (this.waiting.length >= WAITING_COMMANDS_MAX || this.link.state === "idle") return null;
    this.nextNumber += 1;
    this.waiting.push(command);
    this.host.onFate([command.n], "waiting");
    return command.n;
  }

  /** Asks the server to take the character out. False when there is no connection to ask over. */
  quit(): boolean {
    if (!this.isLive() || !this.socket) return false;
    const frame: DisconnectFrame = { type: "system.disconnect", token: this.token };
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Tries to connect now instead of when the back-off ends. */
  retryNow(): void {
    if (this.link.state !== "offline" && this.link.state !== "stopped") return;
    if (!this.job) return;
    if (this.link.state === "stopped") {
      this.attempt = 1;
      this.flaps = 0;
    }
    this.env.cancel(this.retryTimer);
    void this.connect(true);
  }

  /** Ends the session from our side. Nothing is sent. */
  close(): void {
    this.dropSocket();
    this.env.cancel(this.retryTimer);
    this.job = null;
    this.resume = null;
    this.resuming = false;
    this.lastSeq = null;
    this.missedUpTo = -1;
    this.waiting = [];
    this.unanswered = [];
    this.show({ state: "idle" });
  }

  private isLive(): boolean {
    return this.link.state === "live" || this.link.state === "silent";
  }

  private async connect(again: boolean): Promise<void> {
    const generation = ++this.generation;
    this.show({ state: "connecting", attempt: this.attempt });
    try {
      // The first return goes straight to the nexus if it gave a resume token. When that fails the Forge is asked,
      // because the world may have moved to another nexus.
      if (again && (!this.resume || this.attempt > 1)) {
        const job = await this.host.reenter();
        if (generation !== this.generation) return;
        this.job = job;
        this.host.onJob(job);
      }
      // After the Forge, which may have renewed it.
      this.token = await this.host.token();
    } catch (error) {
      if (generation === this.generation) this.retryLater(reasonOf(error));
      return;
    }
    if (generation !== this.generation || !this.job) return;
    this.open(this.job, generation);
  }

  private open(job: EnterJob, generation: number): void {
    let socket: WebSocket;
    try {
      socket = this.env.open(job.ws_uri);
    } catch (error) {
      this.retryLater(reasonOf(error));
      return;
    }
    this.socket = socket;
    const mine = () => generation === this.generation;
    this.handshakeTimer = this.env.after(HANDSHAKE_MS, () => {
      if (mine()) this.lost("The world did not answer.");
    });
    socket.onopen = () => {
      if (mine()) this.greet(socket, job);
    };
    socket.onmessage = (event: MessageEvent) => {
      if (mine()) this.receive(event.data);
    };
    socket.onerror = () => undefined;
    socket.onclose = (event: CloseEvent) => {
      if (!mine()) return;
      const final = finalReason(event.code);
      if (final) this.stop(final);
      else this.lost(this.isLive() ? "The connection was lost." : "The world cannot be reached.");
    };
  }

  private greet(socket: WebSocket, job: EnterJob): void {
    const frame: ConnectFrame = {
      type: "system.connect",
      token: this.token,
      data: { player_key: `player.${job.player_id}` },
    };
    if (this.resume && this.lastSeq !== null) {
      frame.data.resume = this.resume;
      frame.data.last_seq = this.lastSeq;
      this.resuming = true;
    }
    socket.send(JSON.stringify(frame));
  }

  private receive(raw: unknown): void {
    const frame = parseFrame(raw);
    if (!frame) return;
    this.heardAt = this.env.now();
    this.pingedAt = null;
    if (this.link.state === "silent") this.show({ state: "live" });
    if (frame.type === "system.pong") return;
    if (frame.type === "system.connect.success") return this.welcomed(frame);
    if (frame.type === "system.connect.error") return this.refused(frame);
    if (frame.type === "cmd.state.sync.success") {
      this.lastSeq = frame.seq ?? null;
      this.resuming = false;
      this.missedUpTo = -1;
      this.host.onFrame(frame, false);
      if (!this.isLive()) this.live();
      return;
    }
    if (frame.seq !== undefined) {
      if (this.lastSeq !== null && frame.seq <= this.lastSeq) return;
      this.lastSeq = frame.seq;
    }
    const missed = frame.seq !== undefined && frame.seq <= this.missedUpTo;
    if (!missed) this.answered(frame);
    if (frame.type === "system.disconnect.success") {
      this.close();
      this.host.onFrame(frame, false);
      return;
    }
    this.host.onFrame(frame, missed);
  }

  private welcomed(frame: Frame): void {
    const { resume, resumed: returned, last_n: lastApplied, seq: newest } = frame.data;
    this.pings = typeof resume === "string" || typeof returned === "boolean";
    if (typeof resume === "string") this.resume = resume;
    const resumed = this.resuming && !frame.data.room;
    if (!resumed) this.lastSeq = null;
    this.missedUpTo = resumed && typeof newest === "number" ? newest : -1;
    this.host.onFrame(frame, false);
    if (frame.data.room || resumed) this.live(resumed, typeof lastApplied === "number" ? lastApplied : null);
  }

  private refused(frame: Frame): void {
    const reason = frame.text || "The world refused the connection.";
    this.host.onFrame(frame, false);
    if (this.resuming) {
      // The token has lost its worth; the way over the Forge has not.
      this.resume = null;
      this.lastSeq = null;
    }
    this.lost(reason);
  }

  /** The session stands: what waited goes out. After a resume, so does again what had no answer: its number keeps it single. */
  private live(resumed = false, lastApplied: number | null = null): void {
    this.env.cancel(this.handshakeTimer);
    this.attempt = 0;
    this.liveAt = this.env.now();
    this.show({ state: "live" });
    if (this.pings) this.watchQuiet();
    const open = this.unanswered;
    this.unanswered = [];
    if (resumed) {
      for (const command of open) if (lastApplied === null || command.n > lastApplied) this.transmit(command);
    } else if (open.length > 0) {
      this.host.onFate(open.map((command) => command.n), "unanswered");
    }
    const waiting = this.waiting;
    this.waiting = [];
    for (const command of waiting) this.transmit(command);
  }

  private transmit(command: Command): void {
    if (!this.socket) return;
    const frame: CommandFrame = { type: command.type, text: command.text, token: this.token, n: command.n };
    if (command.data) frame.data = command.data;
    this.socket.send(JSON.stringify(frame));
    command.sentAt = this.env.now();
    this.unanswered.push(command);
    if (this.unanswered.length > UNANSWERED_MAX) this.unanswered.shift();
    this.host.onFate([command.n], "sent");
    this.watchSilence();
  }

  /** Frames do not say which command they answer: each answer settles the oldest. */
  private answered(frame: Frame): void {
    if (/^(cmd|door|affect)\./.test(frame.type)) this.unanswered.shift();
    const now = this.env.now();
    this.unanswered = this.unanswered.filter((command) => now - command.sentAt < UNANSWERED_AGE_MS);
  }

  /** Asks whether anyone is there when nothing was heard for long. */
  private watchQuiet(): void {
    this.env.cancel(this.pingTimer);
    const heard = this.pingedAt ?? this.heardAt;
    this.pingTimer = this.env.after(Math.max(1, heard + PING_MS - this.env.now()), () => {
      if (!this.isLive() || !this.socket) return;
      if (this.pingedAt === null && this.env.now() - this.heardAt >= PING_MS) {
        this.socket.send(JSON.stringify({ type: "system.ping" }));
        this.pingedAt = this.env.now();
        this.watchSilence();
      }
      this.watchQuiet();
    });
  }

  private watchSilence(): void {
    this.env.cancel(this.silenceTimer);
    this.silenceTimer = this.env.after(SILENT_MS, () => {
      const asked = this.unanswered[0]?.sentAt ?? this.pingedAt;
      if (!this.isLive() || asked === null) return;
      const now = this.env.now();
      const silence = now - Math.max(asked, this.heardAt);
      if (silence >= SILENT_DROP_MS) {
        this.lost("The world stopped answering.");
        return;
      }
      if (silence >= SILENT_MS && this.link.state === "live") this.show({ state: "silent", since: now - silence });
      this.watchSilence();
    });
  }

  private lost(reason: string): void {
    const wasLive = this.isLive();
    this.dropSocket();
    if (wasLive) {
      this.flaps = this.env.now() - this.liveAt < FLAP_MS ? this.flaps + 1 : 0;
      if (this.flaps >= FLAPS_MAX) {
        this.stop("The connection breaks again and again. Perhaps this character is played from another window.");
        return;
      }
    }
    this.retryLater(reason);
  }

  private retryLater(reason: string): void {
    this.dropSocket();
    this.attempt += 1;
    const wait = backoff(this.attempt + this.flaps, this.env.random());
    this.show({ state: "offline", retryAt: this.env.now() + wait, attempt: this.attempt, reason });
    this.env.cancel(this.retryTimer);
    this.retryTimer = this.env.after(wait, () => void this.connect(true));
  }

  private stop(reason: string): void {
    this.dropSocket();
    this.env.cancel(this.retryTimer);
    this.resume = null;
    this.show({ state: "stopped", reason });
  }

  private dropSocket(): void {
    this.generation += 1;
    this.env.cancel(this.handshakeTimer);
    this.env.cancel(this.silenceTimer);
    this.env.cancel(this.pingTimer);
    this.pingedAt = null;
    this.resuming = false;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // Closing a socket that is still opening only makes the browser complain; closing it at all frees the server's end.
    socket.close();
  }

  private show(link: Link): void {
    this.link = link;
    this.host.onLink(link);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message ? error.message : "The platform cannot be reached.";
}
