import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

// Herald is always served from the origin that also answers /api/v1/ and /ws/.
// In development Vite is that origin and passes both on to a running platform.
const PLATFORM = process.env.HERALD_PLATFORM ?? "http://localhost:8000";

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    port: 5173,
    proxy: {
      "/api": { target: PLATFORM },
      "/ws": { target: PLATFORM, ws: true },
    },
  },
  build: { target: "es2022", chunkSizeWarningLimit: 700 },
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"] },
});
