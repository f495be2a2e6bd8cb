// The page of a run as a browser sees it. Every argument is a folder that `bedbench run` has left.
//
//   CHROMIUM=/usr/bin/chromium node check.mjs results/…
//
// Fails on anything in the console, any request for anything else, a violation of an accessibility rule, markup
// that is not valid, a page that is wider than its window, and a page that the keyboard cannot walk through.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { FileSystemConfigLoader, HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WINDOWS = [
  { width: 1280, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
  { width: 390, colorScheme: "light" },
];

async function valid(file) {
  const report = await new HtmlValidate(new FileSystemConfigLoader()).validateString(
    readFileSync(file, "utf8"),
    resolve(import.meta.dirname, "report.html"),
  );
  const said = report.results.flatMap((result) => result.messages.map((m) => `${m.line}:${m.column} ${m.message}`));
  assert.deepEqual(said, [], `${file} is no valid HTML`);
}

// Opens a file and gives what `look` finds; whatever it asks for or complains of is an error. axe is a script,
// which the page's own policy would not let in, so it is let in past that policy, and only for axe.
async function open(browser, file, window, bypassCSP, look) {
  const { width, colorScheme } = window;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP });
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const said = [];
  page.on("console", (message) => said.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) said.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  const found = await look(page);
  assert.deepEqual(said, [], `${file} at ${width} px, ${colorScheme}`);
  await context.close();
  return found;
}

async function accessible(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  assert.ok(passes.length > 20, "axe looked at nothing");
  const nodes = (violation) => violation.nodes.map((node) => node.html.slice(0, 120)).join("\n  ");
  assert.deepEqual(violations.map((violation) => `${violation.id}: ${violation.help}\n  ${nodes(violation)}`), []);
}

// A page that cannot be widened must not need it; tables and plots move in boxes of their own.
async function fits(page) {
  const [needs, has] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(needs <= has, `the page needs ${needs} px of ${has}`);
}

async function walkable(page) {
  const focused = () => page.evaluate(() => document.activeElement.className || document.activeElement.tagName);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "report");
  const closed = page.locator("details").first();
  if (await closed.count()) {
    await closed.locator("summary").focus();
    await page.keyboard.press("Enter");
    assert.ok(await closed.evaluate((details) => details.open), "the keyboard opens what is folded");
  }
}

async function readable(page) {
  const text = await page.evaluate(() => document.body.innerText);
  for (const word of ["NaN", "undefined", "null", "inf"]) {
    assert.ok(!new RegExp(`\\b${word}\\b`).test(text), `“${word}” on the page`);
  }
  const images = await page.evaluate(() => [...document.querySelectorAll("svg")].map((s) => s.getAttribute("aria-label")));
  assert.ok(images.length >= 5 && images.every((alt) => alt?.length > 30), "a plot without words");
  await page.emulateMedia({ media: "print" });
  assert.ok((await page.pdf({ format: "A4" })).length > 50_000, "nothing to print");
}

async function check(browser, folder) {
  const file = resolve(folder, "report.html");
  await valid(file);
  for (const window of WINDOWS) {
    await open(browser, file, window, false, fits);
    await open(browser, file, window, true, accessible);
  }
  await open(browser, file, WINDOWS[0], false, walkable);
  await open(browser, file, WINDOWS[0], false, readable);
  const plots = readdirSync(resolve(folder, "plots")).filter((name) => name.endsWith(".svg"));
  assert.ok(plots.length >= 5);
  for (const plot of plots) await open(browser, resolve(folder, "plots", plot), WINDOWS[0], false, () => {});
  console.log(`${file}: valid, accessible, quiet; ${plots.length} plots`);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
try {
  for (const folder of process.argv.slice(2)) await check(browser, folder);
} finally {
  await browser.close();
}
