// Calls `run` of a library for wasm32-unknown-unknown and prints what it gives: node unknown.mjs LIBRARY
import { readFileSync } from "node:fs";

const module = await WebAssembly.compile(readFileSync(process.argv[2]));
// The clock and the random numbers of JavaScript, for which nobody may ask here.
const imports = {};
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  if (kind !== "function") throw new Error(`${from}.${name} is a ${kind}`);
  (imports[from] ??= {})[name] = () => {
    throw new Error(`${name} was called`);
  };
}
const { exports } = await WebAssembly.instantiate(module, imports);
console.log(String(exports.run()));
