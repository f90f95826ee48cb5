import { mainStep } from "./steps/main-step.ts";

void mainStep(process.env);
