const { appendFileSync } = require("node:fs");
const { inventory } = require("./inventory.cjs");

appendFileSync(process.env.GITHUB_STATE, `before=${JSON.stringify(inventory())}\n`);
