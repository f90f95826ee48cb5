import * as z from "zod";

/**
 * kind's configuration, v1alpha4, with every field that it knows and no other. Null stands for "not given", as
 * in YAML. https://github.com/kubernetes-sigs/kind/blob/v0.32.0/pkg/apis/config/v1alpha4/types.go
 */
const text = z.string();
/** kind takes a plain true or 1 for the text that it is. Of 1.10 nothing tells any more how it was written. */
const scalar = z.union([text, z.boolean().transform(String), z.int().transform(String)], {
  error: "a text; put it in quotes",
});
const texts = z.array(text).nullish();
const jsonPatches = z
  .array(
    z.strictObject({
      group: text.nullish(),
      version: text.nullish(),
      kind: text.nullish(),
      patch: text.nullish(),
    }),
  )
  .nullish();

const mount = z.strictObject({
  containerPath: text.nullish(),
  hostPath: text.nullish(),
  readOnly: z.boolean().nullish(),
  selinuxRelabel: z.boolean().nullish(),
  propagation: z.enum(["None", "HostToContainer", "Bidirectional"]).nullish(),
});

const portMapping = z.strictObject({
  containerPort: z.int().nullish(),
  hostPort: z.int().nullish(),
  listenAddress: text.nullish(),
  protocol: z.enum(["TCP", "UDP", "SCTP", "tcp", "udp", "sctp"]).nullish(),
});

const node = z.strictObject({
  role: z.enum(["control-plane", "worker"]).nullish(),
  image: text.nullish(),
  labels: z.record(text, scalar).nullish(),
  extraMounts: z.array(mount).nullish(),
  extraPortMappings: z.array(portMapping).nullish(),
  kubeadmConfigPatches: texts,
  kubeadmConfigPatchesJSON6902: jsonPatches,
});

const networking = z.strictObject({
  ipFamily: z.enum(["ipv4", "ipv6", "dual"]).nullish(),
  apiServerPort: z.int().min(-1).max(65535).nullish(),
  apiServerAddress: text.nullish(),
  podSubnet: text.nullish(),
  serviceSubnet: text.nullish(),
  disableDefaultCNI: z.boolean().nullish(),
  kubeProxyMode: z.enum(["iptables", "ipvs", "nftables", "none"]).nullish(),
  dnsSearch: texts,
});

export const clusterConfig = z.strictObject({
  kind: z.literal("Cluster"),
  apiVersion: z.literal("kind.x-k8s.io/v1alpha4"),
  name: text.nullish(),
  nodes: z.array(node).nullish(),
  networking: networking.nullish(),
  featureGates: z.record(text, z.boolean()).nullish(),
  runtimeConfig: z.record(text, scalar).nullish(),
  kubeadmConfigPatches: texts,
  kubeadmConfigPatchesJSON6902: jsonPatches,
  containerdConfigPatches: texts,
  containerdConfigPatchesJSON6902: texts,
});

export type ClusterConfig = z.infer<typeof clusterConfig>;
export type NodeConfig = NonNullable<ClusterConfig["nodes"]>[number];
