import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

import { Platform } from "./platform";
import { Player } from "./player";

let platform: Platform;

test.beforeAll(async () => {
  platform = await Platform.one();
});

test.afterAll(async () => {
  await platform?.stop();
});

test("two people sign up by login link, meet in the world and talk", async ({ browser }) => {
  const mara = await Player.join(browser, platform, "Mara");
  await mara.reads("The Drying Room");
  await mara.types("west");
  await mara.reads("The Dry Boot");
  await mara.types("east");

  const bob = await Player.join(browser, platform, "Bob");
  await mara.reads("Bob has arrived.");
  await bob.types("say Is it always this wet?");
  await bob.reads(/You say 'Is it always this wet\?'/);
  await mara.reads(/'Is it always this wet\?'/);
  await mara.types("tell bob Always.");
  await bob.reads(/Mara tells you 'Always\.'/);

  await mara.types("west");
  await bob.reads("Mara leaves west.");
  await bob.types("who");
  await bob.reads(/Mara/);
  await mara.types("quit");
  await mara.page.waitForURL("**/worlds/**");
  await bob.leave();
  await mara.leave();
});

test("a walker whose platform is killed comes back to where they stood", async ({ browser }) => {
  const walker = await Player.join(browser, platform, "Pacer");
  await walker.types("west");
  await walker.reads("The Dry Boot");
  await walker.types("south");
  await walker.reads("Outside The Dry Boot");
  // In mid-walk: nothing is waited for between the step and the end.
  await platform.kill("all");
  await platform.start("all");
  await walker.types("look");
  await expect(walker.page.getByText("connected", { exact: true }).first()).toBeVisible({ timeout: 90_000 });
  await walker.types("exits");
  await walker.reads("The Market, Wet End");
  await walker.types("north");
  await walker.reads("The Dry Boot");
  await walker.leave();
});

test("a guest plays on a phone within a few touches", async ({ browser }) => {
  const context = await browser.newContext({ baseURL: platform.url, viewport: { width: 390, height: 844 }, hasTouch: true });
  const page = await context.newPage();
  await page.goto("/");
  await page.getByRole("button", { name: "Play as a guest" }).click();
  await page.waitForURL("**/game");
  await expect(page.getByText("The Drying Room").first()).toBeVisible();
  await page.getByRole("button", { name: /^(W|west)$/i }).first().click();
  await expect(page.getByText("The Dry Boot").first()).toBeVisible();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  expect(wide, "nothing is wider than the phone").toBe(false);
  await context.close();
});

test("the pages are accessible", async ({ browser }) => {
  const player = await Player.join(browser, platform, "Axel");
  const findings = async () => (await new AxeBuilder({ page: player.page }).analyze()).violations.map((v) => `${v.id}: ${v.help}`);
  expect(await findings(), "the game").toEqual([]);
  for (const address of ["/lobby", "/account"]) {
    await player.page.goto(address);
    await player.page.waitForLoadState("networkidle");
    expect(await findings(), address).toEqual([]);
  }
  await player.leave();
});
