import js from '@eslint/js';
import globals from 'globals';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './web/svelte.config.js';

/**
 * Returns an import restriction whose error message names the only folder where the import is
 * allowed.
 */
const only = (where, ...names) => ({
  paths: names.map((name) => ({ name, message: `${name} is imported only in ${where}.` })),
});
const clockOnly = [
  {
    name: 'setTimeout',
    message: 'Take the injected Clock (base/clock.ts): tests move it, nothing sleeps.',
  },
  { name: 'setInterval', message: 'Take the injected Clock (base/clock.ts).' },
];
const nowOnly = [
  { object: 'Date', property: 'now', message: 'Take the injected Clock (base/clock.ts).' },
];

export default ts.config(
  { ignores: ['**/dist/', '**/node_modules/', 'data/', 'bench-results/', 'test/frameworks/'] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.node },
      parserOptions: {
        projectService: {
          allowDefaultProject: ['*.js', 'scripts/*.js', 'web/*.js', 'web/*.ts', 'vitest.config.ts'],
        },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
      'no-control-regex': 'off',
    },
  },
  {
    files: ['server/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', ...clockOnly],
      'no-restricted-properties': ['error', ...nowOnly],
    },
  },
  {
    files: ['server/src/base/clock.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: ['server/src/**/*.ts'],
    ignores: ['server/src/main.ts', '**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Settings come from config/: readConfig gets the environment.',
        },
        {
          selector:
            "CallExpression[callee.property.name='next'] > MemberExpression > CallExpression[callee.property.name=/^(keys|values|entries)$/]",
          message: 'A new iterator walks past all removed keys: base/oldest.ts keeps it.',
        },
      ],
    },
  },
  {
    files: ['server/src/{base,model,contract,normalize,correlate,push}/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', only('receive, query and app', 'express')] },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts', 'web/src/**/*.ts'],
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { parser: ts.parser, svelteConfig },
    },
    rules: { 'svelte/no-navigation-without-resolve': 'off' },
  },
  {
    files: ['scripts/**', 'test/**', '**/*.test.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['**/*.js'], ...ts.configs.disableTypeChecked },
  {
    files: ['**/*.js'],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off' },
  },
);
