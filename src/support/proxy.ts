type Env = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL: https_proxy or http_proxy, unless no_proxy or loopback; each name in either case, the
 * lower first. Rules as in Go, and so in kind and kubectl.
 */
export function proxyFor(url: URL, env: Env): string | undefined {
  const proxy = either(env, url.protocol === "https:" ? "https_proxy" : "http_proxy");
  if (proxy === undefined || isLoopback(url.hostname) || isExempt(url, either(env, "no_proxy") ?? "")) {
    return undefined;
  }
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function either(env: Env, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
}

/** Entries: `*`, `host`, `host:port`, `.domain`; a host stands for its subdomains too. */
function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, name = entry, onlyPort] = /^(.+):(\d+)$/.exec(entry) ?? [];
      if (onlyPort !== undefined && onlyPort !== port) return false;
      const domain = name.replace(/^\*?\./, "");
      return host.endsWith(`.${domain}`) || (host === domain && !name.startsWith("."));
    });
}
