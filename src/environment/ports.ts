import { createServer } from "node:net";
import { codeOf } from "../support/errors.ts";

/** True when something listens on that port of our loopback already (or it may not be listened on). */
export function portTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(codeOf(error) === "EADDRINUSE" || codeOf(error) === "EACCES"));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}
