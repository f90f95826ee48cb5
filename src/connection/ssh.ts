/** Where the daemon of an ssh endpoint listens when the address names no path. */
const usualSocket = "/var/run/docker.sock";

/** The word by which the other side says that our command runs there. */
export const sessionWord = "kind-ci-session";

/** The arguments of the one ssh that carries the daemon's socket, in two ways. */
export interface SshArgs {
  /**
   * With a session: a command there that does nothing, and ends with its stdin. OpenSSH's server before 10.1 turns
   * Nagle's algorithm off for a connection only when a session begins on it. Without one, what is said in two pieces
   * waits for our side's delayed acknowledgement: 40 ms.
   */
  readonly withSession: readonly string[];
  /** For an account that may forward and nothing else. */
  readonly forwardOnly: readonly string[];
}

/**
 * How the daemon's socket is brought to `localSocket`; undefined for an address that is not ssh's. Host keys and keys
 * are ssh's own affair, but nobody is there to be asked.
 */
export function sshArgs(address: string, localSocket: string): SshArgs | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "ssh:" || url.hostname === "") return undefined;
  const remoteSocket = ["", "/"].includes(url.pathname) ? usualSocket : decodeURIComponent(url.pathname);
  const common = [
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    "-L",
    `${localSocket}:${remoteSocket}`,
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
  ];
  return {
    withSession: ["-o", "RemoteCommand=none", ...common, `echo ${sessionWord}; exec cat >/dev/null`],
    forwardOnly: ["-N", ...common],
  };
}

/**
 * An ssh whose session never spoke has ended: whether that was for the session's sake. ssh's own exit code is 255; any
 * other is of what ran there instead of our command, as for an account without a shell or with a ForceCommand.
 * @param code null for one that was ended by a signal.
 */
export function sessionWasRefused(code: number | null, words: string): boolean {
  if (code === null) return false;
  return code !== 255 || /request failed on channel|channel \d+: open failed/i.test(words);
}

const options = [
  "BatchMode=yes",
  "ConnectTimeout=30",
  "ExitOnForwardFailure=yes",
  "StreamLocalBindUnlink=yes",
  "StreamLocalBindMask=0177",
  // A connection that is dead without a word is noticed within a minute.
  "ServerAliveInterval=15",
  "ServerAliveCountMax=3",
  // A master of the user's own may end at any time, and it would be it that listens.
  "ControlMaster=no",
  "ControlPath=none",
] as const;
