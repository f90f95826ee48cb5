import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";

export const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.once("connect", () => resolve(socket)).once("error", reject);
  });
}

/** Sends to an echo and reads as many bytes back; the connection stays open. */
export function echoed(socket: Socket, data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const hear = (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length < data.length) return;
      socket.off("data", hear);
      resolve(Buffer.concat(parts));
    };
    socket.on("data", hear);
    socket.once("error", reject).once("end", () => reject(new Error(`ended after ${length} bytes`)));
    socket.write(data);
  });
}

export interface Heard {
  readonly bytes: number;
  readonly end: "orderly" | "reset";
}

/**
 * Asks for bytes and tells how the connection ended. In perl: libuv takes a reset after data for an orderly end
 * (the short-circuit for POLLHUP in uv__stream_io), so no client in Node can tell them apart.
 * @param patience Seconds before the first read, as of a client that is behind.
 */
export function listen(port: number, wanted: number, patience = 0): { readonly heard: Promise<Heard> } {
  const program = `
    use strict; use IO::Socket::INET; my ($port, $wanted, $patience) = @ARGV;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die $!;
    syswrite($s, "$wanted\\n"); sleep $patience; my $n = 0;
    while (1) { my $got = sysread($s, my $b, 65536); if (!defined $got) { print "$n reset"; last } if (!$got) { print "$n orderly"; last } $n += $got }`;
  const child = spawn("perl", ["-e", program, String(port), String(wanted), String(patience)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const heard = (async () => {
    let text = "";
    for await (const part of child.stdout) text += String(part);
    const [bytes, end] = text.split(" ");
    if (end !== "orderly" && end !== "reset") throw new Error(`the client said: ${text}`);
    return { bytes: Number(bytes), end } as const;
  })();
  return { heard };
}
