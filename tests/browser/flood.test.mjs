// flood.test.mjs - the short form of flood.mjs: 3 Mbaud into a terminal that logs, and 10,000 points a second into a plotter.
import assert from "node:assert/strict";
import { it } from "node:test";
import { flood, told } from "./flood.mjs";

const FRAME_MS = 250; // the promise is a fluid page; this bound is for machines that do much else

it("loses nothing of 3 Mbaud in the log, and goes on drawing", async (t) => {
  const result = await flood({ seconds: 6, rate: 300000 });
  t.diagnostic(told(result));
  assert.ok(result.median < FRAME_MS, told(result));
});

it("plots 10,000 points a second beside the terminal, and goes on drawing", async (t) => {
  const result = await flood({ seconds: 4, rate: 80000, beside: "Plotter" });
  t.diagnostic(told(result));
  assert.ok(result.numbers >= 10000 * 4 * 0.9, `${result.numbers} points`);
  assert.ok(result.median < FRAME_MS, told(result));
});
