/** Stand-ins for network and sockets, for tests only. */
import { vi } from "vitest";

export interface Asked {
  method: string;
  path: string;
  body: unknown;
  token: string;
}

type Answer = [status: number, body?: unknown];

/** Answers REST calls from a function, and remembers them. */
export function fakeForge(answer: (asked: Asked) => Answer | Promise<Answer>): Asked[] {
  const calls: Asked[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const headers = init.headers as Record<string, string>;
    const asked: Asked = {
      method: init.method ?? "GET",
      path: url.replace("/api/v1/", ""),
      body: init.body ? JSON.parse(String(init.body)) : undefined,
      token: (headers.authorization ?? "").replace("Bearer ", ""),
    };
    calls.push(asked);
    const [status, body] = await answer(asked);
    const bodiless = status === 204;
    return new Response(bodiless || body === undefined ? null : JSON.stringify(body), { status });
  });
  return calls;
}

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  static all: FakeSocket[] = [];

  readyState: number = WebSocket.CONNECTING;
  sent: Record<string, unknown>[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.all[FakeSocket.all.length - 1]!;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.drop(1000);
  }

  /** The server greets. */
  greet(): void {
    this.readyState = WebSocket.OPEN;
    this.say({ type: "connected" });
  }

  say(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  /** The connection ends. */
  drop(code = 1006): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code });
  }
}

/** Lets everything that waits on resolved promises run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
