import { postStep, warnOfDefect } from "./steps/post-step.ts";

// An error event that nobody hears must not keep the rest from being removed.
process.on("uncaughtException", warnOfDefect);
void postStep(process.env);
