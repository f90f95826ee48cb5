/** Where containerd on a node looks for how to reach a registry, by its host. */
export const certsFolder = "/etc/containerd/certs.d";

/** Where the kubelet looks for registry credentials, beside the command line: nothing needs to be restarted. */
export const kubeletConfigPath = "/var/lib/kubelet/config.json";
