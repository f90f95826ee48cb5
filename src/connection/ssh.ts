/** Where the daemon of an ssh endpoint listens when the address names no path. */
const usualSocket = "/var/run/docker.sock";

/**
 * The arguments of the one ssh that carries the daemon's socket to `localSocket`; undefined for an address that is
 * not ssh's. Host keys and keys are ssh's own affair, but nobody is there to be asked.
 */
export function sshArgs(address: string, localSocket: string): string[] | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "ssh:" || url.hostname === "") return undefined;
  const remoteSocket = ["", "/"].includes(url.pathname) ? usualSocket : decodeURIComponent(url.pathname);
  return [
    "-N",
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    "-L",
    `${localSocket}:${remoteSocket}`,
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
  ];
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
