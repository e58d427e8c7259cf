// What a person does in the browser, in a person's words.

import { type Browser, expect, type Page } from "@playwright/test";

import type { Platform } from "./platform";

export class Player {
  private constructor(
    readonly page: Page,
    readonly name: string,
  ) {}

  /** Signs up by mail, makes a character of Low Water, and is in the world. */
  static async join(browser: Browser, platform: Platform, name: string, size?: { width: number; height: number }) {
    const context = await browser.newContext({ baseURL: platform.url, ...(size ? { viewport: size } : {}) });
    const page = await context.newPage();
    const address = `${name.toLowerCase()}@example.org`;
    await page.goto("/signup");
    await page.locator("input[type=email]").fill(address);
    await page.getByRole("button", { name: "Sign up" }).click();
    await expect(page.getByText("Look into your mail")).toBeVisible();
    await page.goto(await platform.loginLink(address));
    await page.waitForURL("**/lobby");
    await page.getByRole("link", { name: /Low Water/ }).first().click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByRole("button", { name: /Enter as/ }).click();
    const player = new Player(page, name);
    await player.isPlaying();
    return player;
  }

  async isPlaying() {
    await this.page.waitForURL("**/game");
    await expect(this.line()).toBeVisible();
  }

  private line() {
    return this.page.getByRole("combobox", { name: "Command" });
  }

  story() {
    return this.page.getByRole("region", { name: "The story so far" });
  }

  async types(text: string) {
    await this.line().fill(text);
    await this.line().press("Enter");
  }

  /** The last that the story says. */
  async reads(text: string | RegExp) {
    await expect(this.story().getByText(text).last()).toBeVisible();
  }

  /** Where the panel beside the story says that one is. */
  async isIn(room: string) {
    await expect(this.page.getByRole("heading", { name: room }).last()).toBeVisible();
  }

  async connection(state: RegExp) {
    await expect(this.page.getByText(state).first()).toBeVisible();
  }

  async leave() {
    await this.page.context().close();
  }
}
