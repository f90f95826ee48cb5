import { postStep } from "./steps/post-step.ts";

void postStep(process.env);
