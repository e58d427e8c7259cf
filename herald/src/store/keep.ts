/** What the browser keeps for us between visits. Where storage is forbidden, it lasts as long as the page. */

const memory = new Map<string, string>();

export function kept(name: string): string {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return memory.get(name) ?? "";
  }
}

export function keptJson<T>(name: string): T | null {
  try {
    return JSON.parse(kept(name)) as T;
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    memory.set(name, value);
  }
}
