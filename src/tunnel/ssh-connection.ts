import { spawn } from "node:child_process";
import { connect } from "node:net";

/** Milliseconds: between two looks at the socket, and before ssh is started again after it ended. */
const look = 30;
const pause = 1_000;
/** Characters of ssh's words that are kept for the reader. */
const kept = 4_000;

/**
 * Keeps one ssh running that carries the daemon's socket here. Resolves when the socket takes connections; after
 * that an ssh that ends is started again.
 * @throws Error with ssh's own words when it ends before that.
 */
export function keepSsh(args: readonly string[], socket: string, log: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let up = false;
    const start = () => {
      const child = spawn("ssh", args, { stdio: ["ignore", "ignore", "pipe"] });
      let words = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        words = (words + text).slice(-kept);
        log(`ssh: ${text.trim()}`);
      });
      let ended = false;
      child.on("error", (error) => {
        words = error.message;
      });
      child.on("close", (code) => {
        ended = true;
        if (!up)
          return reject(new Error(words.trim() === "" ? `ssh ended with exit code ${code}` : words.trim()));
        log(`ssh ended (exit code ${code}); again in a second`);
        setTimeout(start, pause);
      });
      const wait = () => {
        if (ended || up) return;
        takesConnections(socket).then((takes) => {
          up = takes;
          if (takes) resolve();
          else setTimeout(wait, look);
        }, reject);
      };
      wait();
    };
    start();
  });
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
