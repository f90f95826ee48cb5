import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type SshArgs, sessionWasRefused, sessionWord } from "../connection/ssh.ts";

/** Milliseconds: between two looks at the socket, and before ssh is started again after it ended. */
const look = 30;
const pause = 1_000;
/** Milliseconds after which a session that lives and has said nothing is taken for a command of the other side's that stays. */
const silence = 2_000;
/** Characters of ssh's words that are kept for the reader. */
const kept = 4_000;

/** Starts ssh with pipes. The session there lasts as long as our end of its stdin. */
export type StartSsh = (args: readonly string[]) => ChildProcess;

/**
 * Keeps one ssh running that carries the daemon's socket here, with a session where the account may have one. Resolves
 * with the way it is when the socket takes connections; after that an ssh that ends is started again.
 * @throws Error with ssh's own words when it ends before that.
 */
export async function keepSsh(
  args: SshArgs,
  socket: string,
  log: (line: string) => void,
  start: StartSsh = (argv) => spawn("ssh", argv, { stdio: "pipe" }),
): Promise<keyof SshArgs> {
  let way: keyof SshArgs = "withSession";
  const begin = () => running(start(args[way]), log);
  const hasOtherWay = ({ code, words, spoke }: Ended) => {
    if (way === "forwardOnly" || spoke || !sessionWasRefused(code, words)) return false;
    way = "forwardOnly";
    log("this account may only forward: on with ssh -N");
    return true;
  };
  const keep = async (ssh: Ssh): Promise<never> => {
    for (let now = ssh; ; now = begin()) {
      const end = await now.ended;
      if (hasOtherWay(end)) continue;
      log(`ssh ended (exit code ${end.code}); again in a second`);
      await sleep(pause);
    }
  };
  for (;;) {
    const ssh = begin();
    const end = await untilOfUse(ssh, socket, way === "withSession");
    if (end === undefined) {
      void keep(ssh);
      return way;
    }
    if (!hasOtherWay(end)) throw new Error(end.words || `ssh ended with exit code ${end.code}`);
  }
}

interface Ssh {
  readonly ended: Promise<Ended>;
  /** Our command has begun there. */
  readonly spoke: () => boolean;
}

interface Ended {
  readonly code: number | null;
  readonly words: string;
  readonly spoke: boolean;
}

function running(child: ChildProcess, log: (line: string) => void): Ssh {
  let words = "";
  let said = "";
  const spoke = () => said.includes(sessionWord);
  child.stdin?.on("error", () => {}); // it has ended, which is heard below
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (!spoke()) said = (said + text).slice(-kept);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-kept);
    log(`ssh: ${text.trim()}`);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("error", (error) => {
      words = error.message;
      // One that was never started has no end of its own.
      if (child.pid === undefined) resolve({ code: null, words, spoke: false });
    });
    child.on("close", (code) => resolve({ code, words: words.trim(), spoke: spoke() }));
  });
  return { ended, spoke };
}

/** Resolves when the socket takes connections and will go on doing so; with the end, where that comes first. */
async function untilOfUse(ssh: Ssh, socket: string, withSession: boolean): Promise<Ended | undefined> {
  let end: Ended | undefined;
  void ssh.ended.then((one) => {
    end = one;
  });
  for (let since: number | undefined; end === undefined; await sleep(look)) {
    if (!(await takesConnections(socket))) continue;
    since ??= Date.now();
    // A session that is refused ends ssh with all that it carries.
    if (!withSession || ssh.spoke() || Date.now() - since > silence) return undefined;
  }
  return end;
}

/** True when somebody listens on a socket. */
export function takesConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (takes: boolean) => {
      socket.destroy();
      resolve(takes);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
