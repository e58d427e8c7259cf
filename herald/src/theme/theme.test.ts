import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync("src/theme/theme.css", "utf8");

function colours(theme: string): Map<string, string> {
  const start = css.indexOf(`:root[data-theme="${theme}"] {`);
  const block = css.slice(start, css.indexOf("}", start));
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1]!, m[2]!]));
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

const PAPERS = ["paper", "paper-raised", "paper-sunken"];
const BORDERS = ["line-strong", "focus"];

test.each(["dark", "light", "contrast"])("theme %s is readable", (theme) => {
  const all = colours(theme);
  const texts = [...all.keys()].filter((k) => /^(ink|ink-soft|accent|danger|good|warn|info|voice-.*)$/.test(k));
  expect(texts.length).toBe(19);
  const weak: string[] = [];
  for (const paper of PAPERS) {
    for (const [names, least] of [[texts, 4.5], [BORDERS, 3]] as const) {
      for (const name of names) {
        const got = contrast(all.get(name)!, all.get(paper)!);
        if (got < least) weak.push(`${name} on ${paper}: ${got.toFixed(2)}`);
      }
    }
  }
  const button = contrast(all.get("accent-ink")!, all.get("accent")!);
  if (button < 4.5) weak.push(`accent-ink on accent: ${button.toFixed(2)}`);
  expect(weak).toEqual([]);
});

test("the themes name the same colours", () => {
  const names = [...colours("dark").keys()].sort();
  expect([...colours("light").keys()].sort()).toEqual(names);
  expect([...colours("contrast").keys()].sort()).toEqual(names);
});
