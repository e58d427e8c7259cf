/** Puts the focus on the page's heading: there the keyboard goes on, and a screen reader says where one is. */
export function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("main h1") ?? document.getElementById("main");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
}
