// The platform as processes of its own, for the tests to start, kill and start again.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const BIN = process.env.REALMS_BIN_DIR ?? path.join(ROOT, "target/debug");
const WORLD = path.join(ROOT, "worlds/low-water");
const PATIENCE = 90_000;

type Env = Record<string, string>;

interface Part {
  args: string[];
  bin: string;
  env: Env;
  ready: string;
  child?: ChildProcess;
  log: string;
}

/** Free ports of this machine. */
async function ports(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const found = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}

/** Waits until `happens` is true, and fails with `what` when it never is. */
async function until(what: string, happens: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    if (await happens()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain until ${what}`);
}

export class Platform {
  readonly url: string;
  private readonly parts: Record<string, Part>;
  private readonly dir: string;
  private readonly leave: () => void;

  private constructor(url: string, dir: string, parts: Record<string, Part>, leave: () => void) {
    this.url = url;
    this.dir = dir;
    this.parts = parts;
    this.leave = leave;
  }

  private static folder(): string {
    const dir = mkdtempSync("/tmp/realms-e2e-");
    // The private Postgres runs as another user where the tests are root.
    chmodSync(dir, 0o711);
    return dir;
  }

  private static base(dir: string): Env {
    const own = Object.fromEntries(
      ["PATH", "HOME", "USER", "LANG"].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
    ) as Env;
    return { ...own, DATA_DIR: path.join(dir, "data"), HERALD_DIR: path.join(ROOT, "herald/dist"), LOG: "warn" };
  }

  /** Everything in one process, with its private Postgres and Redis. */
  static async one(): Promise<Platform> {
    const dir = Platform.folder();
    const [port, internal] = (await ports(2)) as [number, number];
    const url = `http://127.0.0.1:${port}`;
    const env = {
      ...Platform.base(dir),
      PORT: `${port}`,
      INTERNAL_ADDR: `127.0.0.1:${internal}`,
      PUBLIC_URL: url,
      STARTER_WORLD: WORLD,
      GUESTS: "true",
    };
    const part = { bin: "realms", args: ["play"], env, ready: `${url}/readyz`, log: "" };
    const platform = new Platform(url, dir, { all: part }, () => undefined);
    await platform.start("all");
    return platform;
  }

  /** Forge and Nexus as two processes, on a database of the tests' own Postgres. */
  static async two(): Promise<Platform> {
    const server = process.env.REALMS_TEST_DATABASE_URL;
    if (!server) throw new Error("REALMS_TEST_DATABASE_URL is not set: run these tests with ./test e2e");
    const dir = Platform.folder();
    const name = `e2e_${process.pid}_${Date.now()}`;
    const database = server.replace(/\/[^/]*$/, `/${name}`);
    const psql = (text: string) => execFileSync("psql", ["-qX", "-d", server, "-c", text]);
    psql(`create database ${name}`);
    const [forge, forgeInside, nexus, nexusInside] = (await ports(4)) as [number, number, number, number];
    const url = `http://127.0.0.1:${forge}`;
    const shared = {
      ...Platform.base(dir),
      SERVICE_TOKEN: "a-token-of-the-tests-that-nobody-else-knows",
      DATABASE_URL: database,
      PUBLIC_URL: url,
      GUESTS: "true",
      ...(process.env.REALMS_TEST_REDIS_URL ? { REDIS_URL: process.env.REALMS_TEST_REDIS_URL } : {}),
    };
    const parts = {
      forge: {
        bin: "forge",
        args: [],
        env: { ...shared, PORT: `${forge}`, INTERNAL_ADDR: `127.0.0.1:${forgeInside}` },
        ready: `${url}/readyz`,
        log: "",
      },
      nexus: {
        bin: "nexus",
        args: [],
        env: {
          ...shared,
          PORT: `${nexus}`,
          INTERNAL_ADDR: `127.0.0.1:${nexusInside}`,
          FORGE_URL: `http://127.0.0.1:${forgeInside}`,
          WS_URI: `ws://127.0.0.1:${nexus}/ws/game/cmd`,
        },
        ready: `http://127.0.0.1:${nexus}/readyz`,
        log: "",
      },
    };
    const platform = new Platform(url, dir, parts, () => psql(`drop database ${name} with (force)`));
    await platform.start("forge");
    execFileSync(path.join(BIN, "realms"), ["world", "apply", WORLD, "--yes"], { env: parts.forge.env });
    await platform.start("nexus");
    return platform;
  }

  private part(name: string): Part {
    const part = this.parts[name];
    if (!part) throw new Error(`there is no part ${name}`);
    return part;
  }

  async start(name: string): Promise<void> {
    const part = this.part(name);
    const child = spawn(path.join(BIN, part.bin), part.args, { env: part.env, stdio: ["ignore", "pipe", "pipe"] });
    part.child = child;
    const hear = (data: Buffer) => (part.log = (part.log + data.toString()).slice(-20_000));
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    await until(`${part.bin} is ready`, async () => {
      if (child.exitCode !== null) throw new Error(`${part.bin} ended:\n${part.log}`);
      return fetch(part.ready).then((answer) => answer.ok, () => false);
    });
  }

  /** The part is gone at once, with whatever it was doing. */
  async kill(name: string): Promise<void> {
    const child = this.part(name).child;
    child?.kill("SIGKILL");
    await until(`${name} is dead`, () => child === undefined || child.signalCode !== null || child.exitCode !== null);
  }

  async stop(): Promise<void> {
    for (const part of Object.values(this.parts).reverse()) {
      const child = part.child;
      if (!child || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await until(`${part.bin} has stopped`, () => child.exitCode !== null || child.signalCode !== null);
    }
    this.leave();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The path of the login link in the newest mail to an address. */
  async loginLink(address: string): Promise<string> {
    const folder = path.join(this.dir, "data/mail");
    let link: string | undefined;
    await until(`a mail to ${address} is there`, () => {
      if (!existsSync(folder)) return false;
      for (const name of readdirSync(folder).sort().reverse()) {
        const text = readFileSync(path.join(folder, name), "utf8").replace(/=\r?\n/g, "").replace(/=3D/g, "=");
        if (!text.toLowerCase().includes(address.toLowerCase())) continue;
        link = text.match(/https?:\/\/[^\s"<>]*\/login-link\/[\w-]+/)?.[0];
        if (link) return true;
      }
      return false;
    });
    return new URL(link ?? "").pathname;
  }
}
