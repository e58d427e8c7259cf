import js from "@eslint/js";
import vue from "eslint-plugin-vue";
import globals from "globals";
import ts from "typescript-eslint";
import vueParser from "vue-eslint-parser";

export default ts.config(
  { ignores: ["dist/", "node_modules/", "coverage/"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...vue.configs["flat/recommended"],
  {
    files: ["**/*.{ts,vue,js,mjs}"],
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      // TypeScript already knows which names exist, including DOM types.
      "no-undef": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  {
    files: ["**/*.vue"],
    languageOptions: { parser: vueParser, parserOptions: { parser: ts.parser, sourceType: "module" } },
    rules: {
      // Layout of templates is a matter of reading, not of counting attributes.
      "vue/max-attributes-per-line": "off",
      "vue/singleline-html-element-content-newline": "off",
      "vue/multiline-html-element-content-newline": "off",
      "vue/html-self-closing": "off",
      "vue/html-closing-bracket-newline": "off",
      "vue/html-indent": "off",
      "vue/first-attribute-linebreak": "off",
      "vue/multi-word-component-names": "off",
      "vue/require-default-prop": "off",
      "vue/attributes-order": "off",
      "vue/no-v-html": "error",
      "vue/block-order": ["error", { order: ["script", "template", "style"] }],
    },
  },
  { files: ["*.config.{ts,js}", "dev/**", "e2e/**"], languageOptions: { globals: { ...globals.node } } },
);
