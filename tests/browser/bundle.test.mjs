// bundle.test.mjs - the committed bundle is what the sources build, small, and asks nobody else for anything.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { it } from "node:test";
import { gzipSync } from "node:zlib";

const CONSOLE = path.resolve(import.meta.dirname, "../../console");
const files = (folder) => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]));

it("is what console/src builds: else run `make console`", () => {
  const out = mkdtempSync(path.join(tmpdir(), "pm-bundle-"));
  try {
    execFileSync("node", [path.join(CONSOLE, "build.mjs"), out], { stdio: "inherit" });
    const built = files(out), committed = files(path.join(CONSOLE, "dist"));
    assert.deepEqual(Object.keys(committed), Object.keys(built));
    for (const [name, content] of Object.entries(built)) assert.ok(content.equals(committed[name]), `dist/${name} is not up to date`);
  } finally {
    rmSync(out, { recursive: true });
  }
});

it("passes the type checker", () => {
  execFileSync("node", [path.join(CONSOLE, "node_modules/typescript/bin/tsc"), "--noEmit", "-p", CONSOLE], { stdio: "inherit" });
});

it("is under 250 kB gzip in all", () => {
  const sizes = Object.values(files(path.join(CONSOLE, "dist"))).map((content) => gzipSync(content, { level: 9 }).length);
  const total = sizes.reduce((a, b) => a + b, 0);
  assert.ok(total < 250000, `${total} bytes`);
});
