// Opens pages in Chromium and tells what it saw as JSON: node look.cjs MODULES CHROMIUM OUT FILE...
// For each file: errors of console and page, requests, axe's findings, text of the page, what keyboard and buttons do.
// Screenshots in light, dark and narrow, and a print, go to the folder OUT.
"use strict";
const [modules, executablePath, out, ...files] = process.argv.slice(2);
const path = require("path");
const { pathToFileURL } = require("url");
const from = (name) => require(path.join(modules, name));
const { chromium } = from("playwright-core");
const axe = from("axe-core").source;
const LOOKS = [["light", 1280], ["dark", 1280], ["light", 420]];

async function look(browser, file) {
  const seen = { errors: [], requests: [], findings: [] };
  const name = path.join(out, path.basename(file, ".html"));
  for (const [colorScheme, width] of LOOKS) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: false });
    context.setDefaultTimeout(120000);
    const page = await context.newPage();
    page.on("console", (message) => seen.errors.push(message.text()));
    page.on("pageerror", (error) => seen.errors.push(String(error)));
    page.on("dialog", (dialog) => { seen.errors.push("a dialog"); dialog.dismiss(); });
    page.on("request", (request) => seen.requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    if (file.endsWith("-en.html")) await page.screenshot({ path: `${name}-${colorScheme}-${width}.png`, fullPage: true });
    seen.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    // DevTools evaluates outside the page's policy, so axe needs no hole in it.
    await page.evaluate(axe);
    const result = await page.evaluate(() => globalThis.axe.run());
    seen.findings.push(...result.violations.map((v) => `${v.id} ${colorScheme} ${width}: ${v.nodes[0].html}`));
    if (colorScheme === "light" && width === 1280) await use(page, context, seen, name);
    await context.close();
  }
  return seen;
}

async function use(page, context, seen, name) {
  seen.text = await page.evaluate(() => document.documentElement.textContent);
  seen.elements = await page.evaluate(() => [...new Set([...document.querySelectorAll("*")].map((e) => e.tagName))]);
  await page.keyboard.press("Tab");
  seen.skip = await page.evaluate(() => document.activeElement.className);
  const fold = page.locator("details:not([open]) > summary").first();
  if (await fold.count()) {
    await fold.focus();
    await page.keyboard.press("Enter");
    seen.unfolded = await page.evaluate(() => document.activeElement.parentElement.open);
  }
  const button = page.locator("button[data-of]").first();
  if (await button.count()) {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await button.focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("said").textContent);
    seen.copied = await page.evaluate(() => navigator.clipboard.readText());
    seen.command = await page.evaluate(() => document.getElementById("command-1").textContent);
  }
  await page.evaluate(() => addEventListener("beforeprint", () => {
    globalThis.printed = document.querySelectorAll("details:not([open])").length === 0;
  }));
  await page.pdf({ path: `${name}.pdf` });
  seen.printed = await page.evaluate(() => globalThis.printed === true);
  seen.shut = await page.evaluate(() => document.querySelectorAll("details:not([open])").length);
}

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const found = {};
  for (const file of files) found[path.basename(file)] = await look(browser, file);
  await browser.close();
  console.log(JSON.stringify({ browser: browser.version(), found }));
})();
