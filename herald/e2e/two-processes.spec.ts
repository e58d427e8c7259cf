import { expect, test } from "@playwright/test";

import { Platform } from "./platform";
import { Player } from "./player";

test("with Forge and Nexus apart, a killed Nexus gives everything back", async ({ browser }) => {
  const platform = await Platform.two();
  try {
    const walker = await Player.join(browser, platform, "Wader");
    const friend = await Player.join(browser, platform, "Friend");
    await walker.types("drop candle");
    await walker.reads(/You drop a candle end/);
    await walker.types("west");
    await walker.reads("The Dry Boot");
    await platform.kill("nexus");
    await platform.start("nexus");
    for (const one of [walker, friend]) {
      await expect(one.page.getByText("connected", { exact: true }).first()).toBeVisible({ timeout: 90_000 });
    }
    await walker.types("inventory");
    await walker.reads(/You (are carrying|carry)/);
    await walker.types("east");
    await walker.reads("The Drying Room");
    await walker.types("get candle");
    await walker.reads(/You get a candle end/);
    await friend.types("say Still here.");
    await walker.reads(/'Still here\.'/);
    await walker.leave();
    await friend.leave();
  } finally {
    await platform.stop();
  }
});
