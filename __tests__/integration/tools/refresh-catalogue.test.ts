import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { kindReleases } from "../../../src/tools/catalogue-data.ts";
import { body, type Reply, standIn } from "./stand-in.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const platforms = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"] as const;
const listPath = "/api.github.com/repos/kubernetes-sigs/kind/releases?per_page=100";

/** The releases of the catalogue as GitHub has them, out of order, with sums where the catalogue lacks them. */
function releasesAsPublished(): Record<string, Reply> {
  const replies: Record<string, Reply> = {};
  const list = kindReleases.map(({ version, images, sums }) => {
    for (const platform of platforms) {
      const path = `/github.com/kubernetes-sigs/kind/releases/download/${version}/kind-${platform}.sha256sum`;
      replies[path] = body(`${sums[platform] ?? "f".repeat(64)}  kind-${platform}\n`);
    }
    const lines = images.map(
      (image) => `- v${image.version}: \`kindest/node:v${image.version}@sha256:${image.sha256}\``,
    );
    return { tag_name: version, draft: false, prerelease: false, body: lines.join("\r\n") };
  });
  const others = [
    { tag_name: "v0.34.0-alpha", draft: false, prerelease: true, body: "" },
    { tag_name: "v0.35.0", draft: true, prerelease: false, body: "" },
    { tag_name: "v0.26.0", draft: false, prerelease: false, body: "" },
  ];
  replies[listPath] = body(JSON.stringify([...others, ...list.reverse()]));
  return replies;
}

test("the script writes the catalogue as it is in the source, and sums where they are published", async () => {
  const github = await standIn(releasesAsPublished());
  const folder = await mkdtemp(join(tmpdir(), "catalogue-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const out = join(folder, "data.ts");
  await promisify(execFile)(process.execPath, [
    join(root, "script/refresh-catalogue.mjs"),
    "--base",
    github.base,
    "--out",
    out,
  ]);
  const written = await readFile(out, "utf8");
  const source = await readFile(join(root, "src/tools/catalogue-data.ts"), "utf8");
  expect(withoutSums(written)).toBe(withoutSums(source));
  expect(written.match(/"linux-arm64": "[0-9a-f]{64}"/g)).toHaveLength(kindReleases.length - 1);
});

const withoutSums = (text: string) => text.replaceAll(/sums: \{[^}]*\},/g, "sums: {},");
