import { failAtOnce, mainStep } from "./steps/main-step.ts";

// An error event that nobody hears: node would print the line it came from, which is the whole bundle.
process.once("uncaughtException", failAtOnce);
void mainStep(process.env);
