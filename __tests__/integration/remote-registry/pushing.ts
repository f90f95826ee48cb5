import { createHash } from "node:crypto";
import type { RegistrySession } from "../../../src/remote-registry/auth-flow.ts";
import type { HttpRequest } from "../../../src/remote-registry/http.ts";
import { apiUrl, type RemoteRegistry } from "../../../src/remote-registry/reference.ts";

const imageType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

/** Pushes and reads as a user of the registry would, through the same way in. */
export class Pusher {
  readonly #registry: RemoteRegistry;
  readonly #session: RegistrySession;

  constructor(registry: RemoteRegistry, session: RegistrySession) {
    this.#registry = registry;
    this.#session = session;
  }

  /** An image without layers; the same `content` gives the same digest. Returns the digest. */
  async image(repository: string, tag: string, content: string): Promise<string> {
    const config = JSON.stringify({ architecture: "amd64", os: "linux", config: {}, content });
    await this.#blob(repository, config);
    const descriptor = { mediaType: "application/vnd.oci.image.config.v1+json", ...described(config) };
    return this.#manifest(repository, tag, imageType, {
      schemaVersion: 2,
      mediaType: imageType,
      config: descriptor,
      layers: [],
    });
  }

  /** An index of images that are there. */
  index(
    repository: string,
    tag: string,
    digests: readonly { digest: string; size: number }[],
  ): Promise<string> {
    const manifests = digests.map((one) => ({
      mediaType: imageType,
      ...one,
      platform: { architecture: "amd64", os: "linux" },
    }));
    return this.#manifest(repository, tag, indexType, { schemaVersion: 2, mediaType: indexType, manifests });
  }

  async size(repository: string, reference: string): Promise<number> {
    const answer = await this.#send(
      { method: "GET", url: this.#url(repository, `manifests/${reference}`), headers: { accept: imageType } },
      repository,
    );
    return Buffer.byteLength(answer.text);
  }

  /** 200 where the image can still be pulled. */
  async status(repository: string, reference: string): Promise<number> {
    const url = this.#url(repository, `manifests/${reference}`);
    return (
      await this.#send({ method: "GET", url, headers: { accept: `${imageType}, ${indexType}` } }, repository)
    ).status;
  }

  async #blob(repository: string, content: string): Promise<void> {
    const url = this.#url(repository, "blobs/uploads/");
    const opened = await this.#send({ method: "POST", url }, repository);
    const location = new URL(opened.headers("location")[0] ?? "", url);
    location.searchParams.set("digest", described(content).digest);
    const headers = { "content-type": "application/octet-stream" };
    expectStatus(await this.#send({ method: "PUT", url: location, body: content, headers }, repository), 201);
  }

  async #manifest(repository: string, tag: string, type: string, manifest: object): Promise<string> {
    const body = JSON.stringify(manifest);
    const headers = { "content-type": type };
    const url = this.#url(repository, `manifests/${tag}`);
    expectStatus(await this.#send({ method: "PUT", url, body, headers }, repository), 201);
    return described(body).digest;
  }

  #url(repository: string, path: string): URL {
    return apiUrl(this.#registry, `${repository}/${path}`);
  }

  async #send(request: HttpRequest, repository: string) {
    const sent = await this.#session.send(request, `repository:${repository}:pull,push`);
    if (sent.kind !== "answer") throw new Error(`could not push: ${sent.kind}`);
    return sent.answer;
  }
}

function described(content: string) {
  return {
    digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
    size: Buffer.byteLength(content),
  };
}

function expectStatus(answer: { status: number; text: string }, status: number): void {
  if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`);
}
