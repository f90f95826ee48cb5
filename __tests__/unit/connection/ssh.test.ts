import { expect, test } from "vitest";
import { sessionWasRefused, sshArgs } from "../../../src/connection/ssh.ts";

const here = "/tmp/docker.sock";

test.each([["unix:///var/run/docker.sock"], ["tcp://far:2376"], ["ssh://"], ["far"]])(
  "%s is no address of ssh's",
  (address) => {
    expect(sshArgs(address, here)).toBeUndefined();
  },
);

test.each([
  ["ssh://far", ["-L", `${here}:/var/run/docker.sock`, "--", "far"]],
  ["ssh://far/", ["-L", `${here}:/var/run/docker.sock`, "--", "far"]],
  [
    "ssh://ci@far:2222/run/user/1000/docker.sock",
    ["-L", `${here}:/run/user/1000/docker.sock`, "-l", "ci", "-p", "2222", "--", "far"],
  ],
  ["ssh://c%40i@far/run/a%20b", ["-L", `${here}:/run/a b`, "-l", "c@i", "--", "far"]],
  ["ssh://[fd00::7]:22", ["-L", `${here}:/var/run/docker.sock`, "-p", "22", "--", "fd00::7"]],
])("%s: the same socket, account and host with a session and without", (address, end) => {
  const { withSession, forwardOnly } = sshArgs(address, here) ?? { withSession: [], forwardOnly: [] };
  expect(forwardOnly.slice(-end.length)).toEqual(end);
  expect(forwardOnly[0]).toBe("-N");
  expect(withSession.slice(-end.length - 1, -1)).toEqual(end);
  expect(withSession.at(-1)).toBe("echo kind-ci-session; exec cat >/dev/null");
  expect(withSession).not.toContain("-N");
  for (const args of [withSession, forwardOnly]) expect(args).toContain("BatchMode=yes");
});

test("a host that looks like an option is none", () => {
  expect(sshArgs("ssh://-oProxyCommand=x", here)?.forwardOnly.at(-2)).toBe("--");
  expect(sshArgs("ssh://-oProxyCommand=x", here)?.withSession.at(-3)).toBe("--");
});

// As OpenSSH 9.2 says it.
test.each<[string, number | null, string, boolean]>([
  ["an account without a shell", 1, "This account is currently not available.", true],
  ["sftp alone", 1, "This service allows sftp connections only.", true],
  ["another command, which ended well", 0, "", true],
  ["no sessions at all", 255, "channel 1: open failed: connect failed: open failed", true],
  ["a server that runs nothing", 255, "exec request failed on channel 1", true],
  ["a key that is refused", 255, "root@far: Permission denied (publickey).", false],
  ["a host key that is not known", 255, "Host key verification failed.", false],
  ["a connection that was cut", 255, "Timeout, server far not responding.", false],
  ["ended by a signal", null, "", false],
])("%s: a session that was refused, or not", (_what, code, words, refused) => {
  expect(sessionWasRefused(code, words)).toBe(refused);
});
