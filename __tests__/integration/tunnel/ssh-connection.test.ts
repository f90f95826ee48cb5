import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { listens, startSshServer } from "../../../script/far/ssh-server.mjs";
import { type SshArgs, sshArgs } from "../../../src/connection/ssh.ts";
import { keepSsh, takesConnections } from "../../../src/tunnel/ssh-connection.ts";

const folder = mkdtempSync(join(tmpdir(), "ssh-"));
const there = join(folder, "there.sock");
/** Stands for the daemon: what it answers comes in two pieces, 3 ms apart. */
let daemon: Server;
beforeAll(async () => {
  daemon = createServer((client) => {
    client.on("error", () => {});
    client.on("data", () => {
      client.write("x".repeat(150));
      setTimeout(() => client.write("x".repeat(150)), 3);
    });
  }).listen(there);
  await once(daemon, "listening");
});
afterAll(() => {
  daemon.close();
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** A server with these rules, and a connection to it as the tunnel's process keeps one. */
async function connected(rules: readonly string[], only?: keyof SshArgs) {
  const own = mkdtempSync(join(folder, "server-"));
  const port = await freePort();
  const server = startSshServer({ folder: join(own, "ssh"), address: "127.0.0.1", port, rules });
  onTestFinished(() => {
    server.stop();
  });
  await listens("127.0.0.1", port);
  const socket = join(own, "here.sock");
  const both = sshArgs(`ssh://root@127.0.0.1:${port}${there}`, socket) as SshArgs;
  const args = only === undefined ? both : { withSession: both[only], forwardOnly: both[only] };
  const log: string[] = [];
  const started: ChildProcess[] = [];
  const way = await keepSsh(
    args,
    socket,
    (line) => log.push(line),
    (argv) => {
      const child = spawn(join(server.path, "ssh"), argv, { stdio: "pipe" });
      started.push(child);
      return child;
    },
  );
  onTestFinished(async () => {
    // The last is the one that lives; what begins it again has the test's process to end with.
    started.at(-1)?.kill("SIGTERM");
    await sleep(100);
  });
  return { server, socket, log, started, way };
}

/** Milliseconds of the median answer. */
async function answerTakes(socket: string): Promise<number> {
  const client: Socket = connect(socket);
  const took: number[] = [];
  for (let count = 0; count < 21; count++) {
    const begun = performance.now();
    client.write("?");
    for (let got = 0; got < 300; ) got += (await once(client, "data"))[0].length;
    took.push(performance.now() - begun);
  }
  client.destroy();
  return took.toSorted((a, b) => a - b)[10] ?? Number.NaN;
}

/** Processes below the server, by their command lines. */
function below(pid: number): string[] {
  const parents = new Map<number, number>();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, "utf8");
      parents.set(Number(id), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // it has ended
    }
  }
  const isBelow = (id: number | undefined): boolean =>
    id !== undefined && (parents.get(id) === pid || isBelow(parents.get(id)));
  return [...parents.keys()]
    .filter(isBelow)
    .map((id) => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      } catch {
        return "";
      }
    })
    .filter((line) => line !== "");
}

const sshdVersion = () => {
  const said = execFileSync("sh", ["-c", "ssh -V 2>&1"], { encoding: "utf8" });
  const [, major = "0", minor = "0"] = /OpenSSH_(\d+)\.(\d+)/.exec(said) ?? [];
  return Number(major) + Number(minor) / 100;
};

describe.skipIf(!existsSync("/usr/sbin/sshd") || process.getuid?.() !== 0)(
  "one ssh, to a real server",
  () => {
    test("a session is opened: an answer in two pieces does not wait for an acknowledgement", async () => {
      const { way, socket } = await connected([]);
      expect(way).toBe("withSession");
      expect(await answerTakes(socket)).toBeLessThan(25);
    });

    // What the session is for; it can go when no server needs it any more.
    test.skipIf(sshdVersion() >= 10.01)("without one it does", async () => {
      const { socket } = await connected([], "forwardOnly");
      expect(await answerTakes(socket)).toBeGreaterThan(35);
    });

    test.each([
      ["no session is allowed", "MaxSessions 0"],
      ["there is no shell", "ForceCommand /usr/sbin/nologin"],
      ["another command comes to its end", "ForceCommand true"],
      ["there are files alone", "ForceCommand internal-sftp"],
    ])("%s: it goes on without, and says so", async (_what, rule) => {
      const { way, socket, log } = await connected([rule]);
      expect(way).toBe("forwardOnly");
      expect(log.join("\n")).toContain("this account may only forward");
      expect(await takesConnections(socket)).toBe(true);
      expect(await answerTakes(socket)).toBeGreaterThan(0);
    });

    test("another command that stays is a session too", async () => {
      const { way, socket, log } = await connected(["ForceCommand sleep 60"]);
      expect(way).toBe("withSession");
      expect(log).toEqual([]);
      expect(await answerTakes(socket)).toBeLessThan(25);
    });

    test("it ends: it is begun again, with a session; when it ends for good nothing of it is left there", async () => {
      const { server, socket, started } = await connected([]);
      expect(below(server.pid)).toContain("cat");
      started[0]?.kill("SIGKILL");
      while (started.length < 2 || !(await takesConnections(socket))) await sleep(50);
      expect(await answerTakes(socket)).toBeLessThan(25);
      started[1]?.stdin?.end();
      for (let tries = 0; below(server.pid).length > 0 && tries < 40; tries++) await sleep(20);
      expect(below(server.pid)).toEqual([]);
    });

    test("a key that is refused, with ssh's words and at once", async () => {
      await expect(connected(["PubkeyAuthentication no"])).rejects.toThrow(/Permission denied/);
    });
  },
);
