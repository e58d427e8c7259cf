/**
 * The Forge socket: jobs as promises, its heartbeat, and its way back after a break. It opens when the first job
 * is sent and then stays, because the Forge reports over it that a character has left a world.
 */

/** The Forge drops clients that stay silent for five minutes. */
export const HEARTBEAT_MS = 30_000;
/** Longest wait for a job's result. Starting a world may take a while. */
export const JOB_MS_MAX = 45_000;
/** Longest wait for the Forge's greeting on a new socket. */
export const CONNECT_MS_MAX = 15_000;
/** Waits between attempts to come back double up to the last; each is taken at random from its upper half. */
export const RETRY_MS_MIN = 1_000;
export const RETRY_MS_MAX = 30_000;
/** Close code of a socket whose token the Forge does not accept. */
export const CLOSE_UNAUTHENTICATED = 4401;

export type JobData = Record<string, unknown>;

export class ForgeError extends Error {
  constructor(
    message: string,
    /** True when no result came, so that asking once more may help. */
    readonly lost = false,
  ) {
    super(message);
    this.name = "ForgeError";
  }
}

interface Options {
  url: string;
  token: () => string;
  /** Gets a new token after a refusal; false when the session has ended. */
  renew: () => Promise<boolean>;
  /** A character has left its world. */
  exited: (data: JobData) => void;
  /** News of a subscription. */
  published?: (name: string, data: unknown) => void;
  connect?: (url: string) => WebSocket;
  random?: () => number;
}

interface Waiting {
  job: string;
  resolve: (data: JobData) => void;
  reject: (error: ForgeError) => void;
  timer: ReturnType<typeof setTimeout>;
}

const LOST = "The connection broke off before the Forge answered.";
const UNREACHABLE = "The Forge does not answer. Check your connection, then try again.";
const ENDED = "Your login has ended. Log in again to go on.";

export class ForgeSocket {
  private socket: WebSocket | null = null;
  private opening: Promise<WebSocket> | null = null;
  private waiting: Waiting[] = [];
  private heartbeat: ReturnType<typeof setInterval> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private attempts = 0;
  /** Whether to come back after a break: from the first connection until `close`. */
  private wanted = false;

  constructor(private readonly options: Options) {}

  get open(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Sends a job and resolves to its data, or rejects with the text of the Forge. */
  async job(job: string, fields: JobData = {}): Promise<JobData> {
    const socket = await this.opened();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((entry) => entry.timer !== timer);
        reject(new ForgeError("The Forge takes too long to answer. Try again in a moment.", true));
      }, JOB_MS_MAX);
      this.waiting.push({ job, resolve, reject, timer });
      socket.send(JSON.stringify({ ...fields, type: "job", job }));
    });
  }

  /** Tries to come back at once, for instance because the browser is online again. */
  wake(): void {
    if (!this.wanted || this.socket) return;
    this.attempts = 0;
    this.opened().catch(() => this.comeBack());
  }

  /** Ends the connection for good, until the next job. */
  close(): void {
    this.wanted = false;
    clearTimeout(this.retry);
    const socket = this.socket;
    this.ended();
    socket?.close(1000);
  }

  private opened(): Promise<WebSocket> {
    if (this.socket && this.open && !this.opening) return Promise.resolve(this.socket);
    this.opening ??= this.connect().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  private async connect(): Promise<WebSocket> {
    clearTimeout(this.retry);
    const first = await this.attempt();
    if (first instanceof Object) return first;
    if (first !== CLOSE_UNAUTHENTICATED) throw new ForgeError(UNREACHABLE, true);
    // One renewal only: a new token that is refused as well means that the session is over.
    const second = (await this.options.renew()) ? await this.attempt() : first;
    if (second instanceof Object) return second;
    if (second !== CLOSE_UNAUTHENTICATED) throw new ForgeError(UNREACHABLE, true);
    this.wanted = false;
    throw new ForgeError(ENDED);
  }

  /** Resolves to the socket once the Forge has greeted, or to the code with which it closed before that. */
  private attempt(): Promise<WebSocket | number> {
    const connect = this.options.connect ?? ((url: string) => new WebSocket(url));
    return new Promise((resolve) => {
      const socket = connect(`${this.options.url}?token=${encodeURIComponent(this.options.token())}`);
      const timer = setTimeout(() => socket.close(), CONNECT_MS_MAX);
      this.socket = socket;
      socket.onmessage = (event) => {
        const frame = readFrame(event.data);
        if (!frame || this.socket !== socket) return;
        if (frame.type !== "connected") return this.receive(frame);
        // The Forge accepts a socket before it has looked at its token: only this frame says that one is in.
        clearTimeout(timer);
        this.greeted(socket);
        resolve(socket);
      };
      socket.onclose = (event) => {
        clearTimeout(timer);
        resolve(event.code);
        // A socket that was given up already has nothing more to say.
        if (this.socket !== socket) return;
        const before = this.opening !== null;
        this.ended();
        if (!before) this.comeBack();
      };
    });
  }

  private greeted(socket: WebSocket): void {
    this.attempts = 0;
    this.wanted = true;
    clearInterval(this.heartbeat);
    this.heartbeat = setInterval(() => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "heartbeat" }));
    }, HEARTBEAT_MS);
  }

  private receive(frame: Record<string, unknown>): void {
    if (frame.type === "pub" && typeof frame.pub === "string") {
      this.options.published?.(frame.pub, frame.pub_data);
      return;
    }
    if (frame.type !== "job_complete" || typeof frame.job !== "string") return;
    const data = isObject(frame.job_data) ? frame.job_data : {};
    const entry = this.waiting.find((candidate) => candidate.job === frame.job);
    if (!entry) {
      if (frame.job === "exit_world" && frame.status !== "error") this.options.exited(data);
      return;
    }
    clearTimeout(entry.timer);
    this.waiting = this.waiting.filter((candidate) => candidate !== entry);
    if (frame.status === "error") entry.reject(new ForgeError(errorText(frame, data)));
    else entry.resolve(data);
  }

  private ended(): void {
    this.socket = null;
    clearInterval(this.heartbeat);
    const lost = this.waiting;
    this.waiting = [];
    for (const entry of lost) {
      clearTimeout(entry.timer);
      entry.reject(new ForgeError(LOST, true));
    }
  }

  private comeBack(): void {
    if (!this.wanted) return;
    clearTimeout(this.retry);
    const ceiling = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.attempts++);
    // At random, so that the players of a Forge that starts again do not all knock in the same instant.
    const wait = ceiling * (0.5 + (this.options.random ?? Math.random)() / 2);
    this.retry = setTimeout(() => this.opened().catch(() => this.comeBack()), wait);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function readFrame(data: unknown): Record<string, unknown> | null {
  try {
    const frame: unknown = JSON.parse(String(data));
    return isObject(frame) ? frame : null;
  } catch {
    return null;
  }
}

function errorText(frame: Record<string, unknown>, data: JobData): string {
  for (const text of [data.error, frame.error]) if (typeof text === "string" && text) return text;
  return "The Forge refused without saying why.";
}
