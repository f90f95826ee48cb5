const { inventory } = require("./inventory.cjs");

const before = new Set(JSON.parse(process.env.STATE_before));
const left = inventory().filter((thing) => !before.has(thing));
for (const thing of left) process.stdout.write(`::error::left behind: ${thing}\n`);
if (left.length > 0) process.exitCode = 1;
else process.stdout.write("Docker has no container, network or volume that was not there before.\n");
