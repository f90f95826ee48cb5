// Written by script/generate.mjs from action.yml: change that, then run the script.

/** Each input and its default. Only the runner can evaluate a default that is an expression. */
export const inputDefaults = {
  strategy: "auto",
  "cluster-name": "kind",
  "kubernetes-version": "",
  "node-image": "",
  "kind-version": "v0.33.0",
  "kubectl-version": "",
  config: "",
  "download-mirror": "",
  cache: "false",
  wait: "2m",
  kubeconfig: "",
  "export-env": "true",
  registry: "true",
  "registry-name": "",
  "registry-port": "",
  "registry-image": "registry:3",
  cleanup: "true",
  durable: "false",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the runner's syntax, not a template
  token: "${{ github.token }}",
  "docker-host": "",
  "docker-context": "",
  "remote-registry": "",
  "remote-registry-username": "",
  "remote-registry-password": "",
  "remote-registry-ca": "",
  "remote-registry-plain-http": "false",
  "on-missing-credentials": "local-for-forks",
  "delete-images": "",
} as const;
