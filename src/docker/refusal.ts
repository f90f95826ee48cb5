import type { Account } from "../support/errors.ts";
import { linesOf } from "./docker.ts";

/** What the docker command and ssh say when they cannot reach the daemon, and what to do about each. First match wins. */
const refusals: readonly (readonly [pattern: RegExp, todo: string])[] = [
  [
    /permission denied \(publickey/i,
    "give ssh a key that the host accepts (ssh-agent, or IdentityFile in ~/.ssh/config)",
  ],
  [
    /permission denied \((password|keyboard|gssapi|hostbased)/i,
    "give ssh a key for that host: nobody is there to type a password",
  ],
  [/host key verification failed/i, "add the host's key to known_hosts (`ssh-keyscan`), after checking it"],
  [
    /permission denied/i,
    "add the runner's user to the group docker (`sudo usermod -aG docker $USER`, then start the runner again), or use rootless Docker",
  ],
  [
    /context .*not found|context .*does not exist/i,
    "list the contexts with `docker context ls`, and correct DOCKER_CONTEXT or docker-context",
  ],
  [
    /open \S+\.pem: no such file/i,
    "put ca.pem, cert.pem and key.pem into the folder that DOCKER_CERT_PATH names; without DOCKER_CERT_PATH it is ~/.docker",
  ],
  [
    /tls: certificate required|didn't provide a certificate/i,
    "put cert.pem and key.pem, both, into the folder that DOCKER_CERT_PATH names: the daemon takes only clients with a certificate of its authority",
  ],
  [
    /tls: (expired|bad) certificate/i,
    "renew the client's certificate (cert.pem in DOCKER_CERT_PATH): it has expired (`openssl x509 -noout -enddate -in cert.pem`), or is not from the authority that the daemon takes",
  ],
  [
    /certificate has expired or is not yet valid/i,
    "renew the daemon's certificate (its --tlscert), or set the clock of this machine",
  ],
  [
    /unknown authority|tls: unknown certificate/i,
    "check that ca.pem in DOCKER_CERT_PATH is the authority of the daemon's certificate, and that cert.pem is from the authority that the daemon takes",
  ],
  [
    /cannot validate certificate for|certificate is (not )?valid for/i,
    "name the daemon in DOCKER_HOST or docker-host as its certificate does, or have it made for that name too",
  ],
  [
    /HTTP request to an HTTPS server/i,
    "set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or use a context that has the certificates: the daemon speaks TLS",
  ],
  [
    /HTTP response to HTTPS client|first record does not look like a TLS handshake/i,
    "unset DOCKER_TLS_VERIFY and DOCKER_TLS, or correct the port: the daemon does not speak TLS there",
  ],
  [
    /x509|certificate|tls:|\.pem/i,
    "check DOCKER_CERT_PATH (ca.pem, cert.pem, key.pem), the certificates' dates and the host name they are for",
  ],
  [
    /client version .* is too (new|old)/i,
    "update Docker on both sides to 20.10 or later, and unset DOCKER_API_VERSION",
  ],
  [
    /no such host|\blookup \S+( on \S+)?: |name or service not known|could not resolve|failure in name resolution/i,
    "correct the host name in DOCKER_HOST or docker-host, or this machine's DNS",
  ],
  [
    /invalid bind address|invalid proto|unable to parse docker host/i,
    "write DOCKER_HOST or docker-host as unix:///path, tcp://host:port or ssh://user@host",
  ],
  [
    /timed? ?out|timeout|deadline exceeded|no route to host|network is unreachable/i,
    "see whether a firewall or a network is between this machine and the address in DOCKER_HOST or docker-host, and whether that machine is up",
  ],
  [
    /ssh: connect to host .*refused/i,
    "correct host and port of the ssh address, or start sshd on that machine",
  ],
  [
    /cannot connect.* at tcp:/i,
    "start the Docker daemon there (it must listen on TCP: dockerd --host), or correct host and port in DOCKER_HOST or docker-host; a firewall in between looks the same",
  ],
  [
    /cannot connect|connection refused|no such file or directory|failed to connect|error during connect/i,
    "start the Docker daemon, or correct DOCKER_HOST (now: see `docker context ls`)",
  ],
];

/** What a refusal of the docker command, or of ssh, means. */
export function refusal(stderr: string): Account {
  const seen = [...new Set(linesOf(stderr).map((line) => line.trim()))].slice(0, 3).join("; ");
  const known = refusals.find(([pattern]) => pattern.test(stderr));
  return {
    tried: "reach the Docker daemon",
    seen: seen === "" ? "no answer" : seen,
    todo: known?.[1] ?? "run `docker info` on the runner and mend what it says",
  };
}

/** A docker command that had to be ended, so that there are no words of its own. @param address as it was given */
export function silent(address: string, seconds: number): Account {
  return {
    tried: "reach the Docker daemon",
    seen: `${address} did not answer within ${seconds} s`,
    todo: "see whether that is a Docker daemon and whether it is well (`docker info` on its machine), and whether a firewall is in between",
  };
}
