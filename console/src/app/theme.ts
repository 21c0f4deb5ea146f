// The design system: one accent, semantic tokens for light and dark, dense type. Used by `providers.tsx`.
import { createSystem, defineConfig, defineRecipe } from '@chakra-ui/react';
import { manyCss } from '../ui/many';
import { baseConfig } from './baseTheme';

const accent = {
  50: '#f0fdfa',
  100: '#ccfbf1',
  200: '#99f6e4',
  300: '#5eead4',
  400: '#2dd4bf',
  500: '#14b8a6',
  600: '#0d9488',
  700: '#0f766e',
  800: '#115e59',
  900: '#134e4a',
  950: '#042f2e',
};

const shade = (light: string, dark: string) => ({ value: { base: light, _dark: dark } });

/** A button under the pointer. Chakra's own lets the page shine through: in light, white words on that have less than 4.5 to 1. */
const PRESSABLE = {
  base: 'color-mix(in srgb, var(--chakra-colors-color-palette-solid) 90%, black)',
  _dark: 'colorPalette.solid/90',
};

const config = defineConfig({
  globalCss: {
    html: { colorPalette: 'accent', scrollPaddingTop: '16' },
    body: { bg: 'bg', color: 'fg', textStyle: 'sm', fontFeatureSettings: '"cv11", "ss03"' },
    ':focus-visible': { outline: '2px solid', outlineColor: 'accent.focusRing', outlineOffset: '2px' },
    'h1:focus-visible, main:focus-visible': { outline: 'none' },
    ...manyCss,
    '*, *::before, *::after': {
      _motionReduce: {
        animationDuration: '0.01ms !important',
        animationIterationCount: '1 !important',
        // None at all. A short one would be one of everything, since `all` is what an element has that names nothing: whatever is inherited
        // would pass through every element in turn, and a change of colours took seconds.
        transitionDuration: '0s !important',
        scrollBehavior: 'auto !important',
      },
    },
  },
  theme: {
    recipes: {
      // The accent is for what is to be done; everything else is quiet.
      button: defineRecipe({
        variants: {
          variant: {
            ghost: { colorPalette: 'gray' },
            outline: { colorPalette: 'gray' },
            plain: { colorPalette: 'gray' },
            solid: { _hover: { bg: PRESSABLE }, _expanded: { bg: PRESSABLE } },
          },
        },
      }),
      // Two words of a key stand apart.
      kbd: defineRecipe({ base: { colorPalette: 'gray', wordSpacing: 'normal' } }),
    },
    tokens: {
      colors: { accent: Object.fromEntries(Object.entries(accent).map(([key, value]) => [key, { value }])) },
      fonts: {
        body: { value: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif' },
        heading: { value: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif' },
        mono: { value: 'ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", Menlo, monospace' },
      },
    },
    semanticTokens: {
      colors: {
        accent: {
          solid: shade('{colors.accent.700}', '{colors.accent.400}'),
          contrast: shade('white', '{colors.accent.950}'),
          fg: shade('{colors.accent.700}', '{colors.accent.300}'),
          subtle: shade('{colors.accent.50}', '{colors.accent.950}'),
          muted: shade('{colors.accent.100}', '{colors.accent.900}'),
          emphasized: shade('{colors.accent.200}', '{colors.accent.800}'),
          focusRing: shade('{colors.accent.700}', '{colors.accent.400}'),
          border: shade('{colors.accent.600}', '{colors.accent.500}'),
        },
        // Chakra's own is too faint for text on panels.
        'fg.subtle': shade('{colors.gray.600}', '{colors.gray.400}'),
        // Chakra's own reach 3.8 and 3.6 to 1 on white: errors at fields are read, too.
        'fg.error': shade('{colors.red.700}', '{colors.red.400}'),
        'fg.warning': shade('{colors.orange.700}', '{colors.orange.300}'),
        'bg.sidebar': shade('{colors.gray.50}', '#0c0c0e'),
        'bg.panel': shade('white', '#121214'),
        'bg.canvas': shade('white', '#09090b'),
      },
    },
  },
});

export const system = createSystem(baseConfig, config);
