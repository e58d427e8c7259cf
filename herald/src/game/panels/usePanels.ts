// The panels by name, and which are open.
import { useLayout } from "../ui/memory";

export type PanelName = "map" | "vitals" | "inventory" | "equipment" | "stats" | "here" | "who" | "log";

const ALL: readonly { name: PanelName; title: string }[] = [
  { name: "map", title: "Map" },
  { name: "vitals", title: "Vitals" },
  { name: "inventory", title: "Carried" },
  { name: "equipment", title: "Worn" },
  { name: "stats", title: "Figures" },
  { name: "here", title: "Here" },
  { name: "who", title: "Company" },
  { name: "log", title: "Talk" },
];

export function usePanels() {
  const layout = useLayout();
  return {
    all: ALL,
    isOpen: (name: PanelName) => layout.open[name] !== false,
    toggle: (name: PanelName) => {
      layout.open[name] = layout.open[name] === false;
    },
  };
}
