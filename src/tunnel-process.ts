import { serveTunnel } from "./tunnel/serve.ts";

serveTunnel();
