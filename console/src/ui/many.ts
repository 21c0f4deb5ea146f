// Looks of the small things that a page has hundreds of, as classes: a component of Chakra's works its look out each time it is drawn.
// Used by `theme.ts`, for `StatusBadge`, `CopyId`, `RelativeTime` and cells.
import type { SystemStyleObject } from '@chakra-ui/react';

const PALETTES = ['green', 'red', 'gray', 'orange', 'blue'];

export const manyCss: Record<string, SystemStyleObject> = {
  '.nowrap': { whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' },
  '.stacked': { minW: '0', maxW: { base: '100%', md: '56' } },
  '.named': {
    fontWeight: 'medium',
    lineClamp: '2',
    _hover: { textDecoration: 'underline', textUnderlineOffset: '3px' },
  },
  '.under': { display: 'block', color: 'fg.muted', textStyle: 'xs', truncate: true },
  '.muted': { color: 'fg.muted' },
  '.status': {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '1',
    px: '1.5',
    minH: '5',
    rounded: 'l2',
    textStyle: 'xs',
    fontWeight: 'medium',
    whiteSpace: 'nowrap',
    userSelect: 'none',
    bg: 'colorPalette.subtle',
    color: 'colorPalette.fg',
    '& svg': { flexShrink: '0' },
    '& svg[data-moving]': { animation: 'spin 2s linear infinite' },
  },
  ...Object.fromEntries(PALETTES.map((name) => [`.status[data-palette=${name}]`, { colorPalette: name }])),
  '.copy-id': {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '1.5',
    h: '6',
    px: '1',
    mx: '-1',
    minW: '0',
    // And what its margins give back: else it is cut where it is as wide as its place.
    maxW: 'calc(100% + 0.5rem)',
    rounded: 'l2',
    fontFamily: 'mono',
    textStyle: 'xs',
    color: 'fg.muted',
    cursor: 'pointer',
    _hover: { color: 'fg' },
    '& span': { truncate: true },
    '& svg': { flexShrink: '0' },
  },
};
